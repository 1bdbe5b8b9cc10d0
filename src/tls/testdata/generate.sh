#!/bin/sh
# Makes the certificates, keys and revocation lists of the tests, in the current directory. Needs the openssl
# command (3.x) and nothing else; everything is valid for a hundred years unless its name says otherwise. The
# keys protect nothing. cases.txt says which verdicts are expected; libpq_verdicts.sh asks libpq for them.
set -eu
D=36500
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:"${2:-P-256}" -out "$1.key" 2>/dev/null; }
# ca NAME SUBJECT EXTENSIONS [options]: self-signed
ca() {
  n=$1 s=$2 e=$3; shift 3
  [ -f "$n.key" ] || key "$n"
  printf '%b' "$e" > ext.tmp
  openssl req -new -key "$n.key" -subj "$s" -out csr.tmp
  openssl x509 -req -in csr.tmp -signkey "$n.key" -days $D -extfile ext.tmp -out "$n.crt" "$@" 2>/dev/null
}
# cert NAME CA KEY SUBJECT EXTENSIONS [options]: signed by CA; no extensions: X.509 v1
cert() {
  n=$1 c=$2 k=$3 s=$4 e=$5; shift 5
  openssl req -new -key "$k.key" -subj "$s" -out csr.tmp
  if [ -n "$e" ]; then printf '%b' "$e" > ext.tmp; set -- "$@" -extfile ext.tmp; fi
  openssl x509 -req -in csr.tmp -CA "$c.crt" -CAkey "$c.key" -set_serial "${SERIAL:-$((0x1000 + (I = ${I:-0} + 1)))}" -days $D -out "$n.crt" "$@" 2>/dev/null
}
# leaf NAME SAN [CN]
leaf() { cert "$1" root server "/CN=${3:-cn.example}" "subjectAltName=$2\n"; }
# dated NAME CA KEY START END EXTENSIONS SUBJECT: with chosen dates
dated() {
  printf '%b' "$6" > ext.tmp
  : > index.tmp; echo "$(printf '%04X' $((0x2000 + (I = ${I:-0} + 1))))" > serial.tmp
  openssl req -new -key "$3.key" -subj "$7" -out csr.tmp
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.tmp\nserial=serial.tmp\nnew_certs_dir=.\npolicy=p\ndefault_md=sha256\nunique_subject=no\n[p]\ncommonName=supplied\n' > conf.tmp
  openssl ca -batch -config conf.tmp -cert "$2.crt" -keyfile "$2.key" -in csr.tmp -out "$1.crt" -notext -startdate "$4" -enddate "$5" -extfile ext.tmp 2>/dev/null
  rm -f index.tmp* serial.tmp* 2???.pem
}
# crl NAME CA "SERIALS" [options]: revokes the serials (hexadecimal)
crl() {
  n=$1 c=$2 r=$3; shift 3
  : > index.tmp; echo 01 > crlnumber.tmp
  for s in $r; do printf 'R\t21260101000000Z\t250101000000Z\t%s\tunknown\t/CN=x\n' "$s" >> index.tmp; done
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.tmp\ndefault_md=sha256\nunique_subject=no\n%s' "${CRLV2-crlnumber=crlnumber.tmp
crl_extensions=e
[e]
authorityKeyIdentifier=keyid
}" > conf.tmp
  [ $# -gt 0 ] || set -- -crldays $D
  openssl ca -gencrl -config conf.tmp -cert "$c.crt" -keyfile "$c.key" -out "$n.crl" "$@" 2>/dev/null
  rm -f index.tmp* crlnumber.tmp*
}
serial() { openssl x509 -in "$1.crt" -noout -serial | cut -d= -f2; }

CA='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
key server; key server384 P-384; key server521 P-521
openssl genpkey -algorithm ED25519 -out ed25519.key
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key 2>/dev/null
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa1024.key 2>/dev/null
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out rsapss.key 2>/dev/null

# Authorities.
ca root /CN=root "$CA"
ca other /CN=other "$CA"
ca samename /CN=root "$CA"
cp root.key rootv1.key; key rootv1; openssl req -new -key rootv1.key -subj /CN=rootv1 -out csr.tmp; openssl x509 -req -in csr.tmp -signkey rootv1.key -days $D -out rootv1.crt 2>/dev/null
ca rootsha1 /CN=rootsha1 "$CA" -sha1
ca rootnoca /CN=rootnoca "basicConstraints=CA:FALSE\n"
key inter; cert inter root inter /CN=inter "$CA"
key internoca; cert internoca root internoca /CN=internoca "basicConstraints=CA:FALSE\n"
key interv1; cert interv1 root interv1 /CN=interv1 ""
key internosign; cert internosign root internosign /CN=internosign "basicConstraints=CA:TRUE\nkeyUsage=digitalSignature\n"
key interp0; cert interp0 root interp0 /CN=interp0 "basicConstraints=CA:TRUE,pathlen:0\n"
key interbelow; cert interbelow interp0 interbelow /CN=interbelow "$CA"
key intereku; cert intereku root intereku /CN=intereku "$CA""extendedKeyUsage=clientAuth\n"
key intersha1; cert intersha1 root intersha1 /CN=intersha1 "$CA" -sha1
key ncdns; cert ncdns root ncdns /CN=ncdns "$CA""nameConstraints=critical,permitted;DNS:good.example\n"
key ncex; cert ncex root ncex /CN=ncex "$CA""nameConstraints=critical,excluded;DNS:bad.example\n"
key ncip; cert ncip root ncip /CN=ncip "$CA""nameConstraints=critical,permitted;IP:192.0.2.0/255.255.255.0\n"
key pol; cert pol root pol /CN=pol "$CA""policyConstraints=critical,requireExplicitPolicy:0\n"
key rsaroot; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsaroot.key 2>/dev/null; ca rsaroot /CN=rsaroot "$CA"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsaroot1024.key 2>/dev/null; ca rsaroot1024 /CN=rsaroot1024 "$CA"
openssl x509 -in inter.crt -trustout -addtrust serverAuth -out intertrusted.crt
openssl x509 -in root.crt -trustout -addreject serverAuth -out rootrejected.crt
dated rootexpired root server 20200101000000Z 20210101000000Z "$CA" /CN=rootexpired
key rootold; openssl req -new -key rootold.key -subj /CN=rootold -out csr.tmp
ca rootold /CN=rootold "$CA"; dated rootoldx rootold rootold 20200101000000Z 20210101000000Z "$CA" /CN=rootold
key interold; dated interold root interold 20200101000000Z 20210101000000Z "$CA" /CN=interold

# Names.
leaf dns DNS:db.example
leaf dnsupper DNS:DB.Example
leaf wild 'DNS:*.example'
leaf wildpart 'DNS:d*.example'
leaf wilddouble 'DNS:*.*.example'
leaf wildstar 'DNS:*'
leaf wildip 'DNS:*.0.2.1'
leaf under DNS:my_db.example
leaf many DNS:a.example,DNS:b.example,IP:192.0.2.9,DNS:db.example
leaf sandns DNS:other.example db.example
leaf sanip IP:192.0.2.1 db.example
leaf sanmail email:a@db.example db.example
leaf sanuri URI:https://db.example/ db.example
leaf ip IP:192.0.2.1
leaf ipother IP:192.0.2.2 192.0.2.1
leaf ipdns DNS:192.0.2.1
leaf ipcndns DNS:other.example 192.0.2.1
leaf ip6 IP:2001:db8::1
leaf ip6dns 'DNS:2001:db8::1'
leaf ip6mapped IP:::ffff:192.0.2.1
cert cnonly root server /CN=db.example "basicConstraints=CA:FALSE\n"
cert cnip root server /CN=192.0.2.1 "basicConstraints=CA:FALSE\n"
cert cnwild root server '/CN=*.example' "basicConstraints=CA:FALSE\n"
cert cntwo root server /CN=first.example/CN=db.example "basicConstraints=CA:FALSE\n"
cert nocn root server /O=nobody "basicConstraints=CA:FALSE\n"
# dNSName "db.example\0.evil"; iPAddress of three bytes; CN "db.example\0.evil" is what no tool will make.
cert sannul root server /CN=db.example "subjectAltName=DER:3012821064622e6578616d706c65002e6576696c\n"
cert ipshort root server /CN=db.example "subjectAltName=DER:30058703c00002\n"

# Forms.
cert v1 root server /CN=db.example ""
cert v1byv1 rootv1 server /CN=db.example ""
cert v3byv1 rootv1 server /CN=cn.example "subjectAltName=DNS:db.example\n"
openssl req -new -x509 -days $D -key server.key -subj /CN=db.example -out self.crt
openssl req -new -key server.key -subj /CN=db.example -out csr.tmp; openssl x509 -req -in csr.tmp -signkey server.key -days $D -out selfv1.crt 2>/dev/null
cp server.key selfleaf.key; ca selfleaf /CN=db.example "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:db.example\nextendedKeyUsage=serverAuth\n"
cp server.key selfsha1.key; ca selfsha1 /CN=db.example "subjectAltName=DNS:db.example\n" -sha1
cert ekuserver root server /CN=x "subjectAltName=DNS:db.example\nextendedKeyUsage=serverAuth\n"
cert ekuclient root server /CN=x "subjectAltName=DNS:db.example\nextendedKeyUsage=clientAuth\n"
cert ekuany root server /CN=x "subjectAltName=DNS:db.example\nextendedKeyUsage=anyExtendedKeyUsage\n"
cert kusign root server /CN=x "subjectAltName=DNS:db.example\nkeyUsage=critical,digitalSignature\n"
cert kucert root server /CN=x "subjectAltName=DNS:db.example\nkeyUsage=critical,keyCertSign\n"
cert leafca root server /CN=x "$CA""subjectAltName=DNS:db.example\n"
cert critical root server /CN=x "subjectAltName=DNS:db.example\n1.2.3.4=critical,DER:0500\n"
cert uncritical root server /CN=x "subjectAltName=DNS:db.example\n1.2.3.4=DER:0500\n"
cert akid root server /CN=x "subjectAltName=DNS:db.example\n2.5.29.35=DER:3006800401020304\n"
SERIAL=-5; cert serialneg root server /CN=x "subjectAltName=DNS:db.example\n"
SERIAL=0; cert serialzero root server /CN=x "subjectAltName=DNS:db.example\n"
SERIAL=0x0102030405060708091011121314151617181920212223242526272829; cert seriallong root server /CN=x "subjectAltName=DNS:db.example\n"
unset SERIAL
cert sha1 root server /CN=x "subjectAltName=DNS:db.example\n" -sha1
cert sha384 root server /CN=x "subjectAltName=DNS:db.example\n" -sha384
cert sha512 root server /CN=x "subjectAltName=DNS:db.example\n" -sha512
cert p384 root server384 /CN=x "subjectAltName=DNS:db.example\n"
cert p521 root server521 /CN=x "subjectAltName=DNS:db.example\n"
cert ed25519 root ed25519 /CN=x "subjectAltName=DNS:db.example\n"
cp ed25519.key selfed25519.key; ca selfed25519 /CN=db.example "subjectAltName=DNS:db.example\n"; rm selfed25519.key
cert rsa rsaroot rsa /CN=x "subjectAltName=DNS:db.example\n"
cert rsav1 rsaroot rsa /CN=db.example ""
cert rsasha1 rsaroot rsa /CN=x "subjectAltName=DNS:db.example\n" -sha1
cert rsa1024 rsaroot rsa1024 /CN=x "subjectAltName=DNS:db.example\n"
cert by1024 rsaroot1024 server /CN=x "subjectAltName=DNS:db.example\n"
cert rsapsssig rsaroot rsa /CN=x "subjectAltName=DNS:db.example\n" -sigopt rsa_padding_mode:pss -sha384
cert rsapss rsaroot rsapss /CN=x "subjectAltName=DNS:db.example\n"
dated expired root server 20200101000000Z 20210101000000Z "subjectAltName=DNS:db.example\n" /CN=x
dated notyet root server 21000101000000Z 21200101000000Z "subjectAltName=DNS:db.example\n" /CN=x
dated forever root server 20200101000000Z 99991231235959Z "subjectAltName=DNS:db.example\n" /CN=x

# Chains: what the server sends, leaf first.
cert leafinter inter server /CN=x "subjectAltName=DNS:db.example\n"; cat leafinter.crt inter.crt > chain.crt
cat leafinter.crt inter.crt root.crt > chainroot.crt; cat leafinter.crt other.crt inter.crt > chainmixed.crt
for c in internoca interv1 internosign intereku intersha1 interold pol; do cert x.tmp $c server /CN=x "subjectAltName=DNS:db.example\n"; cat x.tmp.crt $c.crt > chain$c.crt; done
cert x.tmp interbelow server /CN=x "subjectAltName=DNS:db.example\n"; cat x.tmp.crt interbelow.crt interp0.crt > chainpath.crt
cert x.tmp interp0 server /CN=x "subjectAltName=DNS:db.example\n"; cat x.tmp.crt interp0.crt > chainp0.crt
cert x.tmp rootnoca server /CN=x "subjectAltName=DNS:db.example\n"; cp x.tmp.crt bynoca.crt
cert x.tmp rootsha1 server /CN=x "subjectAltName=DNS:db.example\n"; cp x.tmp.crt bysha1root.crt
cert x.tmp rootold server /CN=x "subjectAltName=DNS:db.example\n"; cp x.tmp.crt byoldroot.crt
nc() { cert x.tmp $2 server "$3" "$4"; cat x.tmp.crt $2.crt > "$1.crt"; }
nc ncdnsin ncdns /CN=x "subjectAltName=DNS:db.good.example\n"
nc ncdnsout ncdns /CN=x "subjectAltName=DNS:db.example\n"
nc nccnin ncdns /CN=db.good.example "basicConstraints=CA:FALSE\n"
nc nccnout ncdns /CN=db.example "basicConstraints=CA:FALSE\n"
nc nccntext ncdns "/CN=a server" "basicConstraints=CA:FALSE\n"
nc ncexin ncex /CN=x "subjectAltName=DNS:db.bad.example\n"
nc ncexout ncex /CN=x "subjectAltName=DNS:db.example\n"
nc ncipin ncip /CN=x "subjectAltName=IP:192.0.2.1\n"
nc ncipout ncip /CN=x "subjectAltName=IP:198.51.100.1\n"

# Files of roots.
cat root.crt inter.crt > rootinter.pem; cat other.crt root.crt > two.pem; cat samename.crt root.crt > samenames.pem
echo "no certificate" > garbage.pem; : > empty.pem

# Revocation lists.
crl root root ""
crl rootrevoked root "$(serial dns) $(serial v1)"
crl rootrevokedinter root "$(serial inter)"
crl inter inter ""
crl interrevoked inter "$(serial leafinter)"
crl other other ""
crl samename samename ""
crl selfca self "" 2>/dev/null || true
crl rootexpired root "" -crl_lastupdate 20200101000000Z -crl_nextupdate 20210101000000Z
CRLV2=; crl rootv1form root ""; crl rootv1formrevoked root "$(serial dns) $(serial v1)"; unset CRLV2
cat root.crl inter.crl > both.crl; cat rootrevokedinter.crl inter.crl > bothrevokedinter.crl; cat root.crl interrevoked.crl > bothrevokedleaf.crl
for d in good revoked; do mkdir -p crldir$d; done
h=$(openssl crl -in root.crl -hash -noout); cp root.crl crldirgood/"$h".r0; cp rootrevoked.crl crldirrevoked/"$h".r0
mkdir -p crldirplain crldirplainrevoked crldirempty; cp root.crl crldirplain/root.crl; cp rootrevoked.crl crldirplainrevoked/root.crl; : > crldirempty/README

# The client's side.
key client; cert client root client /CN=someone ""
key clientinter; cert clientinter inter clientinter /CN=someone "extendedKeyUsage=clientAuth\n"
openssl rsa -in rsa.key -traditional -out rsa.pkcs1.key 2>/dev/null
openssl ec -in client.key -out client.sec1.key 2>/dev/null
cert clientrsa root rsa /CN=someone ""
cert cliented root ed25519 /CN=someone ""
for f in rsa client; do
  openssl pkcs8 -topk8 -in $f.key -v2 aes-256-cbc -passout pass:secret -out $f.pbes2.key
  openssl pkey -in $f.key -outform DER -out $f.der.key
  openssl pkcs8 -topk8 -in $f.key -v2 aes-128-cbc -passout pass:secret -outform DER -out $f.pbes2.der.key
done
openssl pkcs8 -topk8 -in client.key -scrypt -passout pass:secret -out client.scrypt.key
openssl rsa -in rsa.key -traditional -aes256 -passout pass:secret -out rsa.legacy.key 2>/dev/null
openssl ec -in client.key -des3 -passout pass:secret -out client.legacy.key 2>/dev/null
openssl rsa -in rsa.key -traditional -outform DER -out rsa.pkcs1.der.key 2>/dev/null
openssl ec -in client.key -outform DER -out client.sec1.der.key 2>/dev/null
# What other tests compare with.
openssl x509 -in root.crt -hash -noout > root.hash
end() { printf '%s %s\n' "$1" "$(openssl x509 -in "$1" -outform DER | openssl dgst "-$2" -r | cut -d' ' -f1)"; }
{ end dns.crt sha256; end sha1.crt sha256; end rsasha1.crt sha256; end sha384.crt sha384; end sha512.crt sha512; end rsa.crt sha256
  end rsapsssig.crt sha384; end v1.crt sha256; end rsapss.crt sha256; echo "selfed25519.crt none"; } > endpoints.txt
printf 'a message' | openssl dgst -sha256 -sign server384.key > p384sha256.sig
rm -f ./*.tmp ./*.tmp.crt ./*.old ./*.attr
