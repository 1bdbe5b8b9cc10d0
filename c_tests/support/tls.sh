#!/bin/bash
# Controls a throw-away PostgreSQL server that speaks TLS, and makes the certificates for both sides of it.
#
#   tls.sh start DIR   makes the certificates in DIR/certs and starts pg.sh's server in DIR/server
#   tls.sh stop DIR    stops that server and removes DIR
#   tls.sh run DIR COMMAND [ARGUMENT...]   runs a command with pg.sh's variables and DBAPI_TEST_TLS, which
#                                          names DIR/certs
#
# Needs the openssl command. There is one server for all set-ups: its certificate is a setting, `ssl_cert_file`,
# that tests change and reload (support/tls_server.h). It begins with the certificate `rsa`. Tests that need
# another, or another setting, hold ctest's lock `tls_server` while they run, and leave it with `rsa`; with
# any certificate sslmode=require works.
#
# Users beside those of pg.sh, all over TCP alone: `ssl_user` may come over TLS only, `clear_user` only without;
# `cert_user` logs in with a client's certificate, `ca_user` must show one of whatever name, `both_user` one
# with its name and the password of scram_user ("secret-scram").
set -eu

here=$(cd "$(dirname "$0")" && pwd)
say() { printf 'tls.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# ---- certificates: all functions work in the current directory -----------------------------------------------

# Runs openssl, and shows what it says only if it fails.
ssl() {
    openssl "$@" >openssl.log 2>&1 || {
        say "openssl $* failed:"
        sed 's/^/    /' openssl.log >&2
        exit 1
    }
}

rsa_key() { ssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key"; }
ec_key() { ssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
request() { ssl req -new -nodes -key "$1.key" -subj "$2" -out request.tmp; } # KEY SUBJECT

# authority NAME [OPTION...]: a root, as the PostgreSQL manual makes one.
authority() {
    local name=$1
    shift
    request "$name" "/CN=$name.example"
    ssl x509 -req -in request.tmp -days 3650 -extfile extensions.tmp -extensions v3_ca -signkey "$name.key" \
        "$@" -out "$name.crt"
}

# certificate NAME CA KEY SUBJECT EXTENSIONS [OPTION...]: signed by CA. Without extensions it is the manual's
# `openssl x509 -req`, which makes a version 1 certificate up to OpenSSL 3.1.
certificate() {
    local name=$1 ca=$2 key=$3 subject=$4 extensions=$5
    shift 5
    request "$key" "$subject"
    if [ -n "$extensions" ]; then
        printf '%b\n' "$extensions" >extension.tmp
        set -- "$@" -extfile extension.tmp
    fi
    serial=$((serial + 1))
    ssl x509 -req -in request.tmp -days 365 -CA "$ca.crt" -CAkey "$ca.key" -set_serial "$serial" "$@" -out "$name.crt"
}

# A configuration for `openssl ca`, which alone can choose dates and make revocation lists.
ca_configuration() { # CRLSETTINGS
    : >index.tmp
    printf '01\n' >serial.tmp
    cat <<CONF
[ca]
default_ca = d
[d]
database = index.tmp
serial = serial.tmp
new_certs_dir = .
policy = p
default_md = sha256
unique_subject = no
$1
[p]
commonName = supplied
CONF
}

# dated NAME CA KEY START END SUBJECT EXTENSIONS: valid between two dates.
dated() {
    ca_configuration '' >ca.tmp
    serial=$((serial + 1))
    printf '%04X\n' "$serial" >serial.tmp
    printf '%b\n' "$7" >extension.tmp
    request "$3" "$6"
    ssl ca -batch -config ca.tmp -cert "$2.crt" -keyfile "$2.key" -in request.tmp -out "$1.crt" -notext \
        -startdate "$4" -enddate "$5" -extfile extension.tmp
}

# revocations NAME CA SETTINGS [CERTIFICATE...]: a list that revokes these. Without settings it is version 1.
revocations() {
    local name=$1 ca=$2 settings=$3 number
    shift 3
    ca_configuration "$settings" >ca.tmp
    printf '01\n' >crlnumber.tmp
    for certificate in "$@"; do
        number=$(openssl x509 -in "$certificate.crt" -noout -serial)
        printf 'R\t401231000000Z\t250101000000Z\t%s\tunknown\t/CN=x\n' "${number#serial=}" >>index.tmp
    done
    ssl ca -gencrl -config ca.tmp -cert "$ca.crt" -keyfile "$ca.key" -crldays 3650 -out "$name.crl"
}

# In a directory of their own, under the hashed names that libpq looks for.
revocation_directory() { # NAME CRL
    mkdir "$1"
    cp "$2.crl" "$1/$(openssl crl -in "$2.crl" -noout -hash).r0"
}

authorities() {
    cat >extensions.tmp <<'CONF'
[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical,CA:true
CONF
    rsa_key root
    authority root
    ec_key other
    authority other
    ec_key ecroot
    authority ecroot -sha384
    ssl genpkey -algorithm ED25519 -out edroot.key
    authority edroot
    ec_key inter
    certificate inter root inter /CN=inter.example 'basicConstraints=critical,CA:true\nsubjectKeyIdentifier=hash'
    cat root.crt ecroot.crt edroot.crt >roots.crt
}

server_certificates() {
    local name=/CN=cn.example san=subjectAltName=DNS:db.example
    rsa_key server
    ec_key ecserver
    ssl genpkey -algorithm ED25519 -out edserver.key

    certificate rsa root server $name $san
    certificate pss root server $name $san -sigopt rsa_padding_mode:pss -sha384
    certificate ecdsa ecroot ecserver $name $san -sha384
    certificate ed25519 edroot edserver $name $san
    certificate below inter server $name $san
    cat below.crt inter.crt >chain.crt
    cat root.crt inter.crt >rootinter.crt
    certificate v1 root server /CN=db.example ''
    certificate cnonly root server /CN=db.example basicConstraints=CA:FALSE
    certificate cnip root server /CN=db.example subjectAltName=IP:192.0.2.1
    certificate cnmail root server /CN=db.example subjectAltName=email:admin@db.example
    certificate cnother root server /CN=db.example subjectAltName=DNS:other.example
    certificate ip root server $name subjectAltName=IP:127.0.0.1
    certificate ipdns root server $name subjectAltName=DNS:127.0.0.1
    certificate wild root server $name 'subjectAltName=DNS:*.example'
    certificate wrong root server $name subjectAltName=DNS:other.example
    certificate revoked root server $name $san
    certificate unknown other server $name $san
    dated expired root server 20200101000000Z 20210101000000Z $name $san
    dated notyet root server 20900101000000Z 20910101000000Z $name $san
    # The manual's quick recipe.
    ssl req -new -x509 -days 365 -nodes -text -out self.crt -keyout self.key -subj /CN=db.example

    revocations good root $'crlnumber = crlnumber.tmp'
    revocations bad root $'crlnumber = crlnumber.tmp' revoked below
    revocations badv1 root '' revoked
    revocations foreign other $'crlnumber = crlnumber.tmp'
    revocation_directory crlgood good
    revocation_directory crlbad bad
    mkdir crlempty
}

# The client's certificate is for cert_user, unless its name says otherwise.
client_certificates() {
    local name=/CN=cert_user usage=extendedKeyUsage=clientAuth
    rsa_key client
    ec_key ecclient
    certificate client root client $name $usage
    certificate ecclient root ecclient $name $usage
    certificate belowclient inter ecclient $name $usage
    cat belowclient.crt inter.crt >chainclient.crt
    certificate both root ecclient /CN=both_user $usage
    certificate someone root ecclient /CN=someone $usage
    certificate stranger other ecclient $name $usage
    dated oldclient root ecclient 20200101000000Z 20210101000000Z $name $usage
    certificate nobody root ecclient /CN=revoked_user $usage
    # Whoever checks lists wants one of each authority.
    revocations rootclients root $'crlnumber = crlnumber.tmp' nobody
    revocations interclients inter $'crlnumber = crlnumber.tmp'
    cat rootclients.crl interclients.crl >clients.crl
    ssl x509 -in client.crt -outform DER -out client.crt.der

    # Every form a key may have. client.key and ecclient.key are PKCS#8 in PEM.
    ssl rsa -in client.key -traditional -out client.pkcs1.key
    ssl rsa -in client.key -traditional -outform DER -out client.pkcs1.der
    ssl pkcs8 -topk8 -nocrypt -in client.key -outform DER -out client.pkcs8.der
    ssl ec -in ecclient.key -out ecclient.sec1.key
    ssl ec -in ecclient.key -outform DER -out ecclient.sec1.der
    ssl pkcs8 -topk8 -nocrypt -in ecclient.key -outform DER -out ecclient.pkcs8.der
    ssl rsa -in client.key -traditional -aes256 -passout pass:open-sesame -out client.traditional.key
    ssl pkcs8 -topk8 -in client.key -v2 aes-256-cbc -passout pass:open-sesame -out client.pbes2.key
    ssl pkcs8 -topk8 -in client.key -v2 aes-256-cbc -passout pass:open-sesame -outform DER -out client.pbes2.der
    cp client.key world.key
    chmod 644 world.key
    cp client.key group.key
    chmod 640 group.key
}

# Files that are not what they should be, and homes with libpq's default files.
odd_files() {
    printf 'This is no certificate.\n' >garbage.pem
    : >empty.pem
    mkdir -p directory nohome home/.postgresql otherhome/.postgresql rootonly/.postgresql revokedhome/.postgresql
    cp root.crt home/.postgresql/root.crt
    cp client.crt home/.postgresql/postgresql.crt
    cp client.key home/.postgresql/postgresql.key
    cp other.crt otherhome/.postgresql/root.crt
    cp root.crt rootonly/.postgresql/root.crt
    cp root.crt bad.crl revokedhome/.postgresql/
    mv revokedhome/.postgresql/bad.crl revokedhome/.postgresql/root.crl
}

certificates() {
    # A system's own configuration may forbid or add what these recipes rely on.
    printf '[req]\ndistinguished_name = name\nx509_extensions = v3_ca\n[name]\n[v3_ca]\n%s\n%s\n' \
        'subjectKeyIdentifier = hash' 'basicConstraints = critical,CA:true' >openssl.cnf
    export OPENSSL_CONF=$PWD/openssl.cnf
    serial=4096
    umask 077
    authorities
    server_certificates
    client_certificates
    odd_files
    rm -f ./*.tmp ./*.tmp.* openssl.log ./10*.pem
    unset OPENSSL_CONF
}

# ---- the server ------------------------------------------------------------------------------------------------

# What pg.sh adds to its server.
additions() {
    local certs=$1 into=$2 name
    mkdir -p "$into/files"
    cp "$certs"/*.crt "$certs"/*.key "$certs"/*.crl "$into/files/"
    chmod 600 "$into"/files/*
    # Each server certificate beside the key of the same name.
    for name in rsa pss below chain v1 cnonly cnip cnmail cnother ip ipdns wild wrong revoked unknown expired notyet; do
        cp "$certs/server.key" "$into/files/$name.key"
    done
    cp "$certs/ecserver.key" "$into/files/ecdsa.key"
    cp "$certs/edserver.key" "$into/files/ed25519.key"
    cat >"$into/postgresql.conf" <<'CONF'
ssl = on
ssl_cert_file = 'files/rsa.crt'
ssl_key_file = 'files/rsa.key'
ssl_ca_file = 'files/root.crt'
ssl_crl_file = 'files/clients.crl'
tls.setup = ''
CONF
    cat >"$into/roles.sql" <<'SQL'
CREATE ROLE ssl_user LOGIN
CREATE ROLE clear_user LOGIN
CREATE ROLE cert_user LOGIN
CREATE ROLE ca_user LOGIN
CREATE ROLE revoked_user LOGIN
SET password_encryption = 'scram-sha-256'
CREATE ROLE both_user LOGIN PASSWORD 'secret-scram'
SQL
    for address in 127.0.0.1/32 ::1/128; do
        cat <<HBA
hostssl all ssl_user $address trust
hostnossl all clear_user $address trust
hostssl all cert_user $address cert
hostssl all revoked_user $address cert
hostssl all ca_user $address trust clientcert=verify-ca
hostssl all both_user $address scram-sha-256 clientcert=verify-full
HBA
    done >"$into/pg_hba.conf"
}

start() {
    local dir=$1
    command -v openssl >/dev/null || die "openssl is not there: install it (Debian: apt-get install openssl)"
    mkdir -p "$dir" || die "cannot make the directory $dir"
    dir=$(cd "$dir" && pwd)
    [ ! -e "$dir/server" ] || "$here/pg.sh" stop "$dir/server"
    rm -rf "$dir/certs" "$dir/additions"
    mkdir "$dir/certs"
    (cd "$dir/certs" && certificates)
    additions "$dir/certs" "$dir/additions"
    "$here/pg.sh" start "$dir/server" "$dir/additions"
    rm -rf "$dir/additions"
}

stop() {
    local dir=$1
    [ -d "$dir" ] || return 0
    "$here/pg.sh" stop "$dir/server"
    rm -rf "$dir/certs" "$dir/additions"
    rmdir "$dir" 2>/dev/null || say "left $dir in place: it holds files that are not this script's"
}

case "${1:-} $#" in
    'start 2') start "$2" ;;
    'stop 2') stop "$2" ;;
    'run '*)
        [ "$#" -ge 3 ] || die "usage: tls.sh run DIR COMMAND [ARGUMENT...]"
        [ -d "$2/certs" ] || die "no server runs for $2: start one with 'tls.sh start $2'"
        DBAPI_TEST_TLS=$(cd "$2/certs" && pwd)
        export DBAPI_TEST_TLS
        dir=$2
        shift 2
        exec "$here/pg.sh" run "$dir/server" "$@"
        ;;
    *) die "usage: tls.sh start DIR | stop DIR | run DIR COMMAND [ARGUMENT...]" ;;
esac
