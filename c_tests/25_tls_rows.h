/* sslmode x the server's set-up x certificates: what each must come to. 25_tls.c tries the rows with this library,
 * bench/tls_verdicts.sh asks libpq for its verdict on the same rows. `libpq` differs from `expected` only with a
 * reason in `why`; libpq 18.6 (PQlibVersion 180006) was asked, with PostgreSQL 15, 17 and 18.
 *
 * In a row, @ stands for tls.sh's directory of certificates and ! for the server's socket directory. What a row's
 * options leave out is in the defaults below. */
#ifndef TLS_ROWS_H
#define TLS_ROWS_H

#include <stddef.h>

typedef enum tls_outcome { REFUSED, CLEAR, TLS } tls_outcome;

typedef struct tls_row {
    const char *setup;     /* the server's, as tls_use takes it */
    const char *options;   /* the connection string; of what stands in it twice the last counts */
    const char *variable;  /* NULL, or an environment variable: NAME=VALUE */
    tls_outcome expected;
    const char *message;   /* REFUSED: part of the message */
    tls_outcome libpq;
    const char *why;       /* NULL, or why it is not libpq's outcome */
} tls_row;

#define TLS_DEFAULT_OPTIONS "hostaddr=127.0.0.1 dbname=test connect_timeout=20"
/* For rows without a host or a user of their own. */
#define TLS_DEFAULT_HOST "host=db.example"
#define TLS_DEFAULT_USER "user=dbapi"
/* So that no row sees the files of whoever runs it. */
#define TLS_DEFAULT_HOME "@/nohome"

#define CONNECTS(setup, options, outcome) { setup, options, NULL, outcome, NULL, outcome, NULL }
#define FAILS(setup, options, message) { setup, options, NULL, REFUSED, message, REFUSED, NULL }
#define CONNECTS_IN(variable, setup, options, outcome) { setup, options, variable, outcome, NULL, outcome, NULL }
#define FAILS_IN(variable, setup, options, message) { setup, options, variable, REFUSED, message, REFUSED, NULL }
#define FAILS_UNLIKE(setup, options, message, libpq, why) { setup, options, NULL, REFUSED, message, libpq, why }
/* Refused by both, in other words. */
#define FAILS_SAYING(setup, options, message, why) FAILS_UNLIKE(setup, options, message, REFUSED, why)
#define CONNECTS_UNLIKE(setup, options, outcome, libpq, why) { setup, options, NULL, outcome, NULL, libpq, why }

#define SOCKET "host=! hostaddr='' "
#define FULL "sslmode=verify-full "
#define CA "sslmode=verify-ca "
#define ROOT "sslrootcert=@/root.crt "
#define OTHER "sslrootcert=@/other.crt "
#define UNVERIFIED "certificate verify failed"
#define NO_ROOT_FILE "root certificate file \"@/"
#define NO_TLS "server does not support SSL, but SSL was required"
/* libpq names the mode. */
#define WEAK "weak sslmode "
#define NO_RULE "no pg_hba.conf entry"

static const tls_row tls_rows[] = {
    /* ---- sslmode, and whether the server's rules let one in ---- */
    CONNECTS("rsa", "sslmode=disable", CLEAR),
    CONNECTS("rsa", "sslmode=allow", CLEAR),
    CONNECTS("rsa", "sslmode=prefer", TLS),
    CONNECTS("rsa", "", TLS),
    CONNECTS("rsa", "sslmode=require", TLS),
    FAILS("rsa", CA, NO_ROOT_FILE),
    FAILS("rsa", FULL, NO_ROOT_FILE),
    FAILS("rsa", "user=ssl_user sslmode=disable", NO_RULE),
    CONNECTS("rsa", "user=ssl_user sslmode=allow", TLS),
    CONNECTS("rsa", "user=ssl_user sslmode=prefer", TLS),
    CONNECTS("rsa", "user=ssl_user sslmode=require", TLS),
    CONNECTS("rsa", "user=ssl_user " CA ROOT, TLS),
    CONNECTS("rsa", "user=ssl_user " FULL ROOT, TLS),
    FAILS("rsa", "user=ssl_user sslmode=allow " OTHER, UNVERIFIED),
    FAILS("rsa", "user=ssl_user sslmode=prefer " OTHER, UNVERIFIED),
    CONNECTS("rsa", "user=clear_user sslmode=disable", CLEAR),
    CONNECTS("rsa", "user=clear_user sslmode=allow", CLEAR),
    CONNECTS("rsa", "user=clear_user sslmode=prefer", CLEAR),
    CONNECTS("rsa", "user=clear_user", CLEAR),
    FAILS("rsa", "user=clear_user sslmode=require", NO_RULE),
    FAILS("rsa", "user=clear_user " CA ROOT, NO_RULE),
    FAILS("rsa", "user=clear_user " FULL ROOT, NO_RULE),
    CONNECTS("rsa", "user=password_user password=secret-password sslmode=require", TLS),
    CONNECTS("rsa", "user=md5_user password=secret-md5 sslmode=require", TLS),
    CONNECTS("rsa", "user=scram_user password=secret-scram sslmode=require", TLS),
    CONNECTS("rsa", "user=scram_user password=secret-scram sslmode=allow", CLEAR),
    CONNECTS("rsa", "user=scram_user password=secret-scram " FULL ROOT, TLS),
    FAILS("rsa", "user=scram_user password=wrong sslmode=prefer", "password authentication failed"),
    FAILS("rsa", "user=scram_user password=wrong sslmode=allow", "password authentication failed"),
    FAILS("rsa", "user=scram_user password=wrong sslmode=require", "password authentication failed"),
    FAILS("rsa", "sslmode=require dbname=no_such_database", "does not exist"),
    FAILS("rsa", "sslmode=Require", "invalid sslmode value"),
    CONNECTS_IN("PGSSLMODE=disable", "rsa", "", CLEAR),
    CONNECTS_IN("PGSSLMODE=require", "rsa", "user=ssl_user", TLS),
    CONNECTS_IN("PGREQUIRESSL=1", "rsa", "", TLS),
    FAILS_IN("PGREQUIRESSL=1", "rsa", "user=clear_user", NO_RULE),

    /* ---- a server without TLS ---- */
    CONNECTS("rsa ssl=off", "sslmode=disable", CLEAR),
    CONNECTS("rsa ssl=off", "sslmode=allow", CLEAR),
    CONNECTS("rsa ssl=off", "sslmode=prefer", CLEAR),
    CONNECTS("rsa ssl=off", "sslmode=prefer " ROOT, CLEAR),
    FAILS("rsa ssl=off", "sslmode=require", NO_TLS),
    FAILS("rsa ssl=off", CA ROOT, NO_TLS),
    FAILS("rsa ssl=off", FULL ROOT, NO_TLS),
    FAILS("rsa ssl=off", CA, NO_TLS),
    CONNECTS("rsa ssl=off", "sslmode=prefer sslrootcert=@/garbage.pem", CLEAR),
    FAILS_SAYING("rsa ssl=off", "user=ssl_user sslmode=allow", NO_RULE,
                 "both try TLS after the refusal and get none; libpq 18 says that, and libpq 15 hears the refusal again, as here"),
    FAILS("rsa ssl=off", "user=ssl_user sslmode=prefer", NO_RULE),
    FAILS_IN("PGREQUIRESSL=1", "rsa ssl=off", "", NO_TLS),

    /* ---- a Unix socket: TLS is never tried there, whatever is said ---- */
    CONNECTS("rsa", SOCKET "sslmode=disable", CLEAR),
    CONNECTS("rsa", SOCKET "sslmode=prefer", CLEAR),
    CONNECTS("rsa", SOCKET "sslmode=require", CLEAR),
    CONNECTS("rsa", SOCKET CA, CLEAR),
    CONNECTS("rsa", SOCKET FULL "sslrootcert=@/missing.crt", CLEAR),
    CONNECTS("rsa", SOCKET "sslmode=require sslrootcert=@/garbage.pem", CLEAR),
    FAILS("rsa", SOCKET "user=ssl_user sslmode=require", NO_RULE),

    /* ---- the file of root certificates ---- */
    CONNECTS("rsa", "sslmode=require " ROOT, TLS),
    FAILS("rsa", "sslmode=require " OTHER, UNVERIFIED),
    CONNECTS("rsa", "sslmode=prefer " ROOT, TLS),
    CONNECTS("rsa", "sslmode=prefer " OTHER, CLEAR),
    CONNECTS("rsa", "sslmode=allow " OTHER, CLEAR),
    CONNECTS("rsa", CA ROOT, TLS),
    CONNECTS("rsa", FULL ROOT, TLS),
    CONNECTS("rsa", FULL "sslrootcert=@/roots.crt", TLS),
    FAILS("rsa", CA OTHER, UNVERIFIED),
    FAILS("rsa", FULL OTHER, UNVERIFIED),
    CONNECTS("rsa", "sslmode=require sslrootcert=@/missing.crt", TLS),
    CONNECTS("rsa", "sslmode=prefer sslrootcert=@/missing.crt", TLS),
    FAILS("rsa", CA "sslrootcert=@/missing.crt", NO_ROOT_FILE "missing.crt\" does not exist"),
    FAILS("rsa", FULL "sslrootcert=@/missing.crt", NO_ROOT_FILE "missing.crt\" does not exist"),
    FAILS("rsa", "sslmode=require sslrootcert=@/directory", "could not read root certificate file"),
    FAILS("rsa", FULL "sslrootcert=@/directory", "could not read root certificate file"),
    FAILS("rsa", "sslmode=require sslrootcert=@/garbage.pem", "could not read root certificate file"),
    FAILS("rsa", CA "sslrootcert=@/garbage.pem", "could not read root certificate file"),
    FAILS("rsa", CA "sslrootcert=@/empty.pem", "could not read root certificate file"),
    FAILS("rsa", CA "sslrootcert=@/root.crt/below", "root certificate file"),
    /* A file that not even root can read. */
    FAILS("rsa", FULL "sslrootcert=/proc/self/mem", "could not read root certificate file"),
    CONNECTS("rsa", "sslmode=prefer sslrootcert=@/garbage.pem", CLEAR),
    CONNECTS_IN("PGSSLROOTCERT=@/root.crt", "rsa", FULL, TLS),
    FAILS_IN("PGSSLROOTCERT=@/other.crt", "rsa", "sslmode=require", UNVERIFIED),
    CONNECTS_IN("HOME=@/home", "rsa", FULL, TLS),
    CONNECTS_IN("HOME=@/home", "rsa", CA, TLS),
    CONNECTS_IN("HOME=@/rootonly", "rsa", "sslmode=require", TLS),
    FAILS_IN("HOME=@/otherhome", "rsa", "sslmode=require", UNVERIFIED),
    FAILS_IN("HOME=@/otherhome", "rsa", CA, UNVERIFIED),
    CONNECTS_IN("HOME=@/otherhome", "rsa", "", CLEAR),
    CONNECTS_IN("HOME=@/otherhome", "rsa", FULL ROOT, TLS),
    CONNECTS_IN("SSL_CERT_FILE=@/root.crt", "rsa", FULL "sslrootcert=system", TLS),
    CONNECTS_IN("SSL_CERT_FILE=@/root.crt", "rsa", "sslrootcert=system", TLS),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa", "sslrootcert=system host=other.example", "does not match host name"),
    FAILS_IN("SSL_CERT_FILE=@/other.crt", "rsa", "sslrootcert=system", UNVERIFIED),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa", "sslrootcert=system sslmode=require", WEAK),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa", "sslrootcert=system sslmode=verify-ca", WEAK),
    FAILS("rsa", "sslrootcert=system", UNVERIFIED),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa", "sslrootcert=system sslmode=prefer", WEAK),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa", "sslrootcert=system sslmode=disable", WEAK),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa ssl=off", "sslrootcert=system sslmode=prefer", WEAK),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa ssl=off", "sslrootcert=system", NO_TLS),
    FAILS_IN("SSL_CERT_FILE=@/root.crt", "rsa", SOCKET "sslrootcert=system sslmode=require", WEAK),
    CONNECTS_IN("SSL_CERT_FILE=@/root.crt", "rsa", SOCKET "sslrootcert=system", CLEAR),

    /* ---- who signed the server's certificate, and how ---- */
    CONNECTS("chain", FULL ROOT, TLS),
    CONNECTS("chain", CA ROOT, TLS),
    CONNECTS("chain", FULL "sslrootcert=@/rootinter.crt", TLS),
    FAILS("chain", FULL "sslrootcert=@/inter.crt", UNVERIFIED),
    FAILS("below", FULL ROOT, UNVERIFIED),
    FAILS("below", CA "sslrootcert=@/inter.crt", UNVERIFIED),
    CONNECTS("below", FULL "sslrootcert=@/rootinter.crt", TLS),
    CONNECTS("below", "sslmode=require", TLS),
    CONNECTS("pss", FULL ROOT, TLS),
    CONNECTS("pss", FULL ROOT "ssl_max_protocol_version=TLSv1.2", TLS),
    CONNECTS("ecdsa", FULL "sslrootcert=@/ecroot.crt", TLS),
    CONNECTS("ecdsa", FULL "sslrootcert=@/ecroot.crt ssl_max_protocol_version=TLSv1.2", TLS),
    CONNECTS("ecdsa", FULL "sslrootcert=@/roots.crt", TLS),
    FAILS("ecdsa", CA ROOT, UNVERIFIED),
    CONNECTS("ed25519", FULL "sslrootcert=@/edroot.crt", TLS),
    CONNECTS("ed25519", FULL "sslrootcert=@/edroot.crt ssl_max_protocol_version=TLSv1.2", TLS),
    FAILS("ed25519", CA ROOT, UNVERIFIED),
    CONNECTS("self", "sslmode=require", TLS),
    CONNECTS("self", FULL "sslrootcert=@/self.crt", TLS),
    FAILS("self", FULL "sslrootcert=@/self.crt host=other.example", "does not match host name"),
    FAILS("self", CA ROOT, UNVERIFIED),
    CONNECTS("v1", FULL ROOT, TLS),
    FAILS("v1", FULL ROOT "host=other.example", "does not match host name"),
    CONNECTS("v1", CA ROOT, TLS),
    CONNECTS("unknown", "sslmode=require", TLS),
    FAILS("unknown", "sslmode=require " ROOT, UNVERIFIED),
    FAILS("unknown", CA ROOT, UNVERIFIED),
    FAILS("unknown", FULL ROOT, UNVERIFIED),
    CONNECTS("unknown", "sslmode=prefer " ROOT, CLEAR),
    CONNECTS("expired", "sslmode=require", TLS),
    FAILS("expired", "sslmode=require " ROOT, UNVERIFIED),
    FAILS("expired", CA ROOT, UNVERIFIED),
    FAILS("expired", FULL ROOT, UNVERIFIED),
    CONNECTS("expired", "sslmode=prefer " ROOT, CLEAR),
    CONNECTS("notyet", "sslmode=require", TLS),
    FAILS("notyet", CA ROOT, UNVERIFIED),
    FAILS("notyet", FULL ROOT, UNVERIFIED),

    /* ---- whose name is in it ---- */
    CONNECTS("wrong", "sslmode=require " ROOT, TLS),
    CONNECTS("wrong", CA ROOT, TLS),
    FAILS("wrong", FULL ROOT, "server certificate for \"other.example\" does not match host name \"db.example\""),
    CONNECTS("wrong", FULL ROOT "host=other.example", TLS),
    CONNECTS("wrong", FULL ROOT "host=OTHER.EXAMPLE", TLS),
    CONNECTS("cnonly", FULL ROOT, TLS),
    CONNECTS("cnip", FULL ROOT, TLS),
    CONNECTS("cnmail", FULL ROOT, TLS),
    FAILS("cnother", FULL ROOT, "does not match host name"),
    CONNECTS("wild", FULL ROOT, TLS),
    FAILS("wild", FULL ROOT "host=a.db.example", "does not match host name"),
    FAILS("wild", FULL ROOT "host=example", "does not match host name"),
    CONNECTS("ip", FULL ROOT "host=127.0.0.1", TLS),
    CONNECTS("ip", FULL ROOT "host=127.1", TLS),
    FAILS("ip", FULL ROOT "host=127.0.0.2", "does not match host name"),
    FAILS("ip", FULL ROOT, "does not match host name"),
    CONNECTS("ipdns", FULL ROOT "host=127.0.0.1", TLS),
    FAILS("rsa", FULL ROOT "host=127.0.0.1", "does not match host name"),
    FAILS("rsa", FULL ROOT "host=''", "host name must be specified"),
    CONNECTS("rsa", CA ROOT "host=''", TLS),

    /* ---- revocation ---- */
    CONNECTS("rsa", FULL ROOT "sslcrl=@/good.crl", TLS),
    CONNECTS("rsa", FULL ROOT "sslcrl=@/bad.crl", TLS),
    CONNECTS("rsa", FULL ROOT "sslcrldir=@/crlgood", TLS),
    CONNECTS("rsa", "sslmode=require sslcrl=@/bad.crl", TLS),
    FAILS("rsa", FULL ROOT "sslcrl=@/foreign.crl", UNVERIFIED),
    FAILS("rsa", FULL ROOT "sslcrldir=@/crlempty", UNVERIFIED),
    CONNECTS_IN("HOME=@/revokedhome", "rsa", CA, TLS),
    CONNECTS("revoked", FULL ROOT, TLS),
    FAILS("revoked", FULL ROOT "sslcrl=@/bad.crl", UNVERIFIED),
    FAILS("revoked", "sslmode=require " ROOT "sslcrl=@/bad.crl", UNVERIFIED),
    FAILS("revoked", FULL ROOT "sslcrl=@/badv1.crl", UNVERIFIED),
    FAILS("revoked", FULL ROOT "sslcrldir=@/crlbad", UNVERIFIED),
    CONNECTS("revoked", "sslmode=prefer " ROOT "sslcrl=@/bad.crl", CLEAR),
    CONNECTS("revoked", FULL ROOT "sslcrl=@/good.crl", TLS),
    FAILS_IN("HOME=@/revokedhome", "revoked", CA, UNVERIFIED),
    FAILS_IN("HOME=@/revokedhome", "revoked", "sslmode=require", UNVERIFIED),
    FAILS_IN("PGSSLCRL=@/bad.crl", "revoked", FULL ROOT, UNVERIFIED),
    FAILS_IN("PGSSLCRLDIR=@/crlbad", "revoked", FULL ROOT, UNVERIFIED),
    FAILS_UNLIKE("rsa", FULL ROOT "sslcrl=@/missing.crl", "could not read certificate revocation list file", TLS,
                 "libpq passes over a list that was asked for and is not there"),
    FAILS_UNLIKE("rsa", FULL ROOT "sslcrl=@/garbage.pem", "could not read certificate revocation list file", TLS,
                 "libpq passes over a list that was asked for and is none"),
    FAILS_SAYING("rsa", FULL ROOT "sslcrldir=@/missing", "could not read certificate revocation list directory",
                 "libpq says that verifying failed; here the directory is named"),

    /* ---- versions ---- */
    CONNECTS("rsa", FULL ROOT "ssl_min_protocol_version=TLSv1.3", TLS),
    CONNECTS("rsa", FULL ROOT "ssl_max_protocol_version=TLSv1.2", TLS),
    CONNECTS("rsa", "sslmode=require ssl_min_protocol_version=TLSv1.2 ssl_max_protocol_version=TLSv1.2", TLS),
    CONNECTS("rsa", "sslmode=require ssl_min_protocol_version=TLSv1", TLS),
    FAILS("rsa", "sslmode=require ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "invalid SSL protocol version range"),
    FAILS("rsa", "sslmode=require ssl_min_protocol_version=SSLv3", "ssl_min_protocol_version"),
    FAILS("rsa", "sslmode=prefer ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "invalid SSL protocol version range"),
    FAILS("rsa", "sslmode=disable ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "invalid SSL protocol version range"),
    FAILS("rsa", "sslmode=disable ssl_min_protocol_version=SSLv3", "ssl_min_protocol_version"),
    FAILS("rsa", "sslmode=require ssl_max_protocol_version=TLSv1.1", "invalid SSL protocol version range"),
    FAILS_SAYING("rsa", "sslmode=require ssl_min_protocol_version='' ssl_max_protocol_version=TLSv1.1", "ssl_max_protocol_version",
                 "libpq speaks these versions, but the server does not"),
    CONNECTS("rsa", "sslmode=prefer ssl_min_protocol_version='' ssl_max_protocol_version=TLSv1.1", CLEAR),
    CONNECTS_IN("PGSSLMINPROTOCOLVERSION=TLSv1.3", "rsa", "sslmode=require", TLS),
    FAILS("rsa ssl_min_protocol_version=TLSv1.3", "sslmode=require ssl_max_protocol_version=TLSv1.2", "SSL error"),
    CONNECTS("rsa ssl_min_protocol_version=TLSv1.3", "sslmode=prefer ssl_max_protocol_version=TLSv1.2", CLEAR),
    CONNECTS("rsa ssl_min_protocol_version=TLSv1.3", "sslmode=require", TLS),
    CONNECTS("rsa ssl_max_protocol_version=TLSv1.2", FULL ROOT, TLS),
    FAILS("rsa ssl_max_protocol_version=TLSv1.2", "sslmode=require ssl_min_protocol_version=TLSv1.3", "SSL error"),

    /* ---- what changes nothing about who is let in ---- */
    CONNECTS("rsa", FULL ROOT "sslsni=0", TLS),
    CONNECTS("rsa", FULL ROOT "sslsni=1", TLS),
    CONNECTS("rsa", FULL ROOT "sslcompression=0", TLS),
    CONNECTS("rsa", FULL ROOT "sslcompression=1", TLS),
    CONNECTS("rsa", FULL ROOT "sslnegotiation=postgres", TLS),
    CONNECTS("rsa", FULL ROOT "sslpassword=unneeded", TLS),
    FAILS_UNLIKE("rsa", "sslmode=require sslkeylogfile=@/missing/log", "could not open SSL key logging file", TLS,
                 "libpq goes on without the log that was asked for"),
    /* What falls back cannot be direct. */
#define DIRECT "sslnegotiation=direct "
    FAILS("rsa", DIRECT, WEAK),
    FAILS("rsa", DIRECT "sslmode=prefer", WEAK),
    FAILS("rsa", DIRECT "sslmode=allow", WEAK),
    FAILS("rsa", DIRECT "sslmode=disable", WEAK),
    FAILS("rsa", "sslmode=require sslnegotiation=postgresql", "invalid sslnegotiation value"),

    /* ---- the client's certificate: who may come with it ---- */
#define CLIENT "sslmode=require user=cert_user sslcert=@/client.crt "
#define EC_CLIENT "sslmode=require user=cert_user sslcert=@/ecclient.crt "
    CONNECTS("rsa", CLIENT "sslkey=@/client.key", TLS),
    CONNECTS("rsa", "user=cert_user sslcert=@/client.crt sslkey=@/client.key " FULL ROOT, TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.key ssl_max_protocol_version=TLSv1.2", TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.key sslmode=allow", TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.key sslmode=prefer", TLS),
    FAILS("rsa", CLIENT "sslkey=@/client.key sslmode=disable", NO_RULE),
    FAILS("rsa", "sslmode=require user=cert_user", "connection requires a valid client certificate"),
    FAILS("rsa", "sslmode=prefer user=cert_user", "connection requires a valid client certificate"),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/missing.crt", "connection requires a valid client certificate"),
    CONNECTS_IN("HOME=@/home", "rsa", "sslmode=require user=cert_user", TLS),
    CONNECTS_IN("HOME=@/home", "rsa", FULL "user=cert_user", TLS),
    FAILS_IN("HOME=@/home", "rsa", "sslmode=require user=cert_user sslcertmode=disable", "connection requires a valid client certificate"),
    CONNECTS_IN("PGSSLCERT=@/client.crt", "rsa", "sslmode=require user=cert_user sslkey=@/client.key", TLS),
    CONNECTS_IN("PGSSLKEY=@/client.key", "rsa", CLIENT, TLS),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/someone.crt sslkey=@/ecclient.key", "certificate authentication failed"),
    CONNECTS("rsa", "sslmode=require user=ca_user sslcert=@/someone.crt sslkey=@/ecclient.key", TLS),
    FAILS("rsa", "sslmode=require user=ca_user", "connection requires a valid client certificate"),
    CONNECTS("rsa", "sslmode=require user=both_user password=secret-scram sslcert=@/both.crt sslkey=@/ecclient.key", TLS),
    FAILS("rsa", "sslmode=require user=both_user password=wrong sslcert=@/both.crt sslkey=@/ecclient.key", "password authentication failed"),
    FAILS("rsa", "sslmode=require user=both_user password=secret-scram sslcert=@/someone.crt sslkey=@/ecclient.key", "authentication failed"),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/stranger.crt sslkey=@/ecclient.key", "unknown ca"),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/stranger.crt sslkey=@/ecclient.key ssl_max_protocol_version=TLSv1.2", "unknown ca"),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/oldclient.crt sslkey=@/ecclient.key", "certificate expired"),
    FAILS("rsa", "sslmode=require user=revoked_user sslcert=@/nobody.crt sslkey=@/ecclient.key", "certificate revoked"),
    /* In TLS 1.3 the server turns a certificate down after the handshake, when it is too late to fall back. */
    FAILS("rsa", "sslmode=prefer sslcert=@/stranger.crt sslkey=@/ecclient.key", "unknown ca"),
    CONNECTS("rsa", "sslmode=prefer sslcert=@/stranger.crt sslkey=@/ecclient.key ssl_max_protocol_version=TLSv1.2", CLEAR),
    CONNECTS("rsa", "sslmode=require sslcertmode=disable sslcert=@/stranger.crt sslkey=@/ecclient.key", TLS),
    CONNECTS("rsa", "sslmode=require user=cert_user sslcert=@/chainclient.crt sslkey=@/ecclient.key", TLS),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/belowclient.crt sslkey=@/ecclient.key", "unknown ca"),

    /* ---- the forms of a key ---- */
    CONNECTS("rsa", CLIENT "sslkey=@/client.pkcs1.key", TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.pkcs1.der", TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.pkcs8.der", TLS),
    CONNECTS("rsa", EC_CLIENT "sslkey=@/ecclient.key", TLS),
    CONNECTS("rsa", EC_CLIENT "sslkey=@/ecclient.sec1.key", TLS),
    CONNECTS("rsa", EC_CLIENT "sslkey=@/ecclient.sec1.der", TLS),
    CONNECTS("rsa", EC_CLIENT "sslkey=@/ecclient.pkcs8.der", TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.traditional.key sslpassword=open-sesame", TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.pbes2.key sslpassword=open-sesame", TLS),
    CONNECTS_UNLIKE("rsa", CLIENT "sslkey=@/client.pbes2.der sslpassword=open-sesame", TLS, REFUSED,
                    "OpenSSL's reader of DER files has no use for a pass phrase"),
    FAILS("rsa", CLIENT "sslkey=@/client.traditional.key sslpassword=hunter2", "could not load private key file"),
    FAILS("rsa", CLIENT "sslkey=@/client.pbes2.key sslpassword=hunter2", "could not load private key file"),
    FAILS("rsa", CLIENT "sslkey=@/client.pbes2.der sslpassword=hunter2", "could not load private key file"),
    FAILS("rsa", CLIENT "sslkey=@/client.traditional.key", "could not load private key file"),
    FAILS("rsa", CLIENT "sslkey=@/client.pbes2.key", "could not load private key file"),
    FAILS("rsa", CLIENT "sslkey=@/client.pbes2.key sslpassword=''", "could not load private key file"),
    FAILS("rsa", CLIENT "sslkey=@/world.key", "has group or world access"),
    FAILS("rsa", CLIENT "sslkey=@/missing.key", "certificate present, but not private key file"),
    FAILS("rsa", CLIENT, "certificate present, but not private key file"),
    FAILS("rsa", CLIENT "sslkey=@/directory", "is not a regular file"),
    FAILS("rsa", CLIENT "sslkey=@/garbage.pem", "could not load private key file"),
    FAILS("rsa", CLIENT "sslkey=@/ecclient.key", "certificate does not match private key file"),
    FAILS_SAYING("rsa", CLIENT "sslkey=@/server.key", "certificate does not match private key file",
                 "libpq says so only of keys of different algorithms, and \"key values mismatch\" of these"),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/garbage.pem sslkey=@/client.key", "could not read certificate file"),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/client.crt.der sslkey=@/client.key", "could not read certificate file"),
    FAILS("rsa", "sslmode=require user=cert_user sslcert=@/directory sslkey=@/client.key", "could not read certificate file"),

    /* ---- prefer goes on without TLS where it cannot be had as asked ---- */
    CONNECTS("rsa", "sslmode=prefer sslcert=@/client.crt sslkey=@/client.key", TLS),
    CONNECTS("rsa", "sslmode=prefer sslcert=@/client.crt sslkey=@/world.key", CLEAR),
    CONNECTS("rsa", "sslmode=prefer sslcert=@/client.crt sslkey=@/missing.key", CLEAR),
    CONNECTS("rsa", "sslmode=prefer sslcert=@/client.crt sslkey=@/ecclient.key", CLEAR),
    CONNECTS("rsa", "sslmode=prefer sslcert=@/garbage.pem sslkey=@/client.key", CLEAR),
    CONNECTS("rsa", "sslmode=prefer sslcert=@/client.crt sslkey=@/client.pbes2.key sslpassword=hunter2", CLEAR),
    /* But not where a certificate must be asked for: that only TLS can do. */
    FAILS("rsa", "sslmode=prefer sslcertmode=require", "server accepted connection without a valid SSL certificate"),
    FAILS("rsa ssl_ca_file=", "sslmode=prefer sslcertmode=require sslcert=@/client.crt sslkey=@/client.key", "server did not request an SSL certificate"),
    FAILS("rsa", "sslmode=disable sslcertmode=require", "server did not request an SSL certificate"),
    FAILS("rsa", "sslmode=allow sslcertmode=require sslcert=@/client.crt sslkey=@/client.key", "server did not request an SSL certificate"),
    FAILS("rsa ssl=off", "sslcertmode=require sslcert=@/client.crt sslkey=@/client.key", "server did not request an SSL certificate"),
    FAILS_UNLIKE("rsa", "user=clear_user sslcertmode=require sslcert=@/client.crt sslkey=@/client.key", "server did not request an SSL certificate",
                 CLEAR, "libpq remembers the request of the connection over TLS that was refused; this one had none"),
    FAILS("rsa", SOCKET "sslcertmode=require", "server did not request an SSL certificate"),
    CONNECTS("rsa", "sslmode=prefer sslcrl=@/missing.crl", TLS),
    /* Nor where libpq would have TLS, and only the library is stricter. */
    FAILS_UNLIKE("rsa", "sslmode=prefer " ROOT "sslcrl=@/missing.crl", "could not read certificate revocation list file", TLS,
                 "libpq passes over a list that was asked for and is not there"),
    FAILS_UNLIKE("rsa", "sslmode=prefer " ROOT "sslcrldir=@/missing", "could not read certificate revocation list directory", CLEAR,
                 "libpq fails to verify, and goes on without TLS"),
    FAILS_UNLIKE("rsa", "sslmode=prefer sslkeylogfile=@/missing/log", "could not open SSL key logging file", TLS,
                 "libpq goes on without the log that was asked for"),

    /* ---- sslcertmode ---- */
    CONNECTS("rsa", CLIENT "sslkey=@/client.key sslcertmode=require", TLS),
    CONNECTS("rsa", CLIENT "sslkey=@/client.key sslcertmode=allow", TLS),
    FAILS("rsa", CLIENT "sslkey=@/client.key sslcertmode=disable", "connection requires a valid client certificate"),
    CONNECTS("rsa", CLIENT "sslkey=@/garbage.pem user=dbapi sslcertmode=disable", TLS),
    FAILS("rsa", "sslmode=require sslcertmode=require", "server accepted connection without a valid SSL certificate"),
    FAILS("rsa", "sslmode=require sslcertmode=sometimes", "sslcertmode"),
    CONNECTS("rsa ssl_ca_file=", "sslmode=require sslcert=@/client.crt sslkey=@/client.key", TLS),
    FAILS("rsa ssl_ca_file=", "sslmode=require sslcert=@/client.crt sslkey=@/client.key sslcertmode=require", "server did not request an SSL certificate"),
    FAILS("rsa ssl_ca_file=", "sslmode=require sslcert=@/client.crt sslkey=@/client.key sslcertmode=require ssl_max_protocol_version=TLSv1.2", "server did not request an SSL certificate"),
};

/* sslnegotiation=direct, for servers from PostgreSQL 17 on. */
static const tls_row tls_direct_rows[] = {
    CONNECTS("rsa", DIRECT "sslmode=require", TLS),
    CONNECTS("rsa", DIRECT "user=ssl_user sslmode=require", TLS),
    CONNECTS("rsa", DIRECT CA ROOT, TLS),
    CONNECTS("rsa", DIRECT FULL ROOT, TLS),
    CONNECTS("rsa", DIRECT FULL ROOT "ssl_max_protocol_version=TLSv1.2", TLS),
    CONNECTS("ecdsa", DIRECT FULL "sslrootcert=@/ecroot.crt", TLS),
    CONNECTS("ed25519", DIRECT FULL "sslrootcert=@/edroot.crt", TLS),
    CONNECTS("rsa", DIRECT CLIENT "sslkey=@/client.key", TLS),
    CONNECTS("rsa", DIRECT "sslmode=require user=scram_user password=secret-scram channel_binding=require", TLS),
    CONNECTS_IN("PGSSLNEGOTIATION=direct", "rsa", "sslmode=require", TLS),
    FAILS("rsa", DIRECT "user=clear_user sslmode=require", NO_RULE),
    FAILS("rsa", DIRECT FULL OTHER, UNVERIFIED),
    FAILS("wrong", DIRECT FULL ROOT, "does not match host name"),
    FAILS("rsa ssl=off", DIRECT "sslmode=require", ""),
    CONNECTS("rsa", DIRECT SOCKET "sslmode=require", CLEAR),
};

#endif
