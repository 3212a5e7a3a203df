#!/usr/bin/env bash
# The service with certificates as openssl makes them: a root, one that it signs, and that one's for the server; ECDSA, RSA
# and Ed25519. Asks with curl. RESULTS names the program.
set -euo pipefail
: "${RESULTS:?set RESULTS to the program}"
RESULTS=$(cd "$(dirname "$RESULTS")" && pwd)/$(basename "$RESULTS")
work=$(mktemp -d)
server=
end() {
    code=$?
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ "$code" = 0 ] || { echo "tls.sh failed${step:+: $step}"; [ ! -s "$work/said" ] || sed 's/^/  /' "$work/said"; }
    rm -rf "$work"
    exit "$code"
}
trap end EXIT
cd "$work"

key() { # kind, file
    case $1 in
    ecdsa) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$2" ;;
    rsa) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$2" ;;
    ed25519) openssl genpkey -algorithm ED25519 -out "$2" ;;
    esac
}
authority() { # name, the one that signs it
    key ecdsa "$1.key"
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' >ca.ext
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    if [ "$1" = "$2" ]; then sign=(-signkey "$1.key"); else sign=(-CA "$2.pem" -CAkey "$2.key"); fi
    openssl x509 -req -in "$1.csr" "${sign[@]}" -days 2 -extfile ca.ext -out "$1.pem" 2>/dev/null
}
leaf() { # kind, name: NAME.key, and NAME.pem with the one that signs it
    key "$1" "$2.key"
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >leaf.ext
    openssl req -new -key "$2.key" -subj "/CN=$2" -out "$2.csr"
    openssl x509 -req -in "$2.csr" -CA between.pem -CAkey between.key -days 2 -extfile leaf.ext -out "$2.own" 2>/dev/null
    cat "$2.own" between.pem >"$2.pem"
}
start() { # certificate, key, listen
    # What the one before told must not be read: the process begun below empties it only when it gets to it.
    rm -f told said
    "$RESULTS" serve "$work/none" --listen "${3:-127.0.0.1:0}" --state "$work/state" --tls-cert "$1" --tls-key "$2" \
        --host-name localhost --json >told 2>said &
    server=$!
    for _ in $(seq 600); do [ -s told ] && break; kill -0 "$server"; sleep 0.1; done
    port=$(sed -n 's/.*"address":"[^"]*:\([0-9]*\)".*/\1/p' told)
    [ -n "$port" ]
}
stop() {
    kill -TERM "$server"
    wait "$server" || { echo "it ended with $?"; exit 1; }
    server=
}
ask() { curl --silent --show-error --max-time 60 --noproxy '*' "$@"; }
refused() { # what curl ends with, its arguments
    local want=$1 code=0
    shift
    ask "$@" >/dev/null 2>&1 || code=$?
    [ "$code" = "$want" ] || { echo "curl $* ended with $code and not with $want"; exit 1; }
}
# Not by pipes: whoever has read enough would have the one before it end with an error, now and then.
subject() {
    openssl s_client -connect "127.0.0.1:$port" -servername localhost </dev/null >shown 2>/dev/null || true
    openssl x509 -noout -subject -in shown
}
is_subject() { local now; now=$(subject) && grep -q "CN *= *$1\$" <<<"$now"; }
until_subject() {
    for _ in $(seq 300); do is_subject "$1" && return; sleep 0.1; done
    echo "never $1: $(subject)"
    exit 1
}

step="certificates"
authority root root
authority between root
authority stranger stranger
for kind in ecdsa rsa ed25519; do leaf $kind $kind; done
leaf ecdsa renewed

for kind in ecdsa rsa ed25519; do
    step="a certificate of $kind"
    start $kind.pem $kind.key
    for name in localhost 127.0.0.1; do
        [ "$(ask --cacert root.pem "https://$name:$port/healthz")" = ok ]
        refused 60 --cacert stranger.pem "https://$name:$port/healthz"
    done
    # It must be known to the client, and be for the name that is asked for.
    refused 60 "https://localhost:$port/healthz"
    refused 60 --cacert root.pem --resolve "elsewhere.test:$port:127.0.0.1" "https://elsewhere.test:$port/healthz"
    for version in 1.2 1.3; do
        step="TLS $version with $kind"
        [ "$(ask --cacert root.pem --tlsv$version --tls-max $version "https://localhost:$port/healthz")" = ok ]
    done
    refused 35 --cacert root.pem --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "https://localhost:$port/healthz"
    step="HTTP/2 and HTTP/1.1 with $kind"
    [ "$(ask --cacert root.pem --http2 -o /dev/null -w '%{http_version}' "https://localhost:$port/healthz")" = 2 ]
    [ "$(ask --cacert root.pem --http1.1 -o /dev/null -w '%{http_version}' "https://localhost:$port/healthz")" = 1.1 ]
    step="who does not speak TLS is told nothing, with $kind"
    if ask "http://localhost:$port/healthz" >plain 2>&1 || grep ok plain; then exit 1; fi
    stop
done

step="cookie of a sign-in"
start ecdsa.pem ecdsa.key
link=$(sed -n 's/.*"sign_in":"\([^"]*\)".*/\1/p' told)
case $link in https://*) ;; *) echo "the link is $link"; exit 1 ;; esac
code=${link##*/login}
heads=$(ask --cacert root.pem --http1.1 -o /dev/null -D - "https://localhost:$port/login$code")
grep -qi '^set-cookie: __Host-results_[0-9]*=.*; *Secure' <<<"$heads" || { echo "$heads"; exit 1; }

step="half of a renewal"
cp ecdsa.pem live.pem && cp ecdsa.key live.key
stop
start live.pem live.key
until_subject ecdsa
sleep 2.1
cp renewed.pem live.pem
is_subject ecdsa
grep -q 'the new certificate is not used' said
[ "$(ask --cacert root.pem "https://localhost:$port/healthz")" = ok ]
step="the other half"
sleep 2.1
cp renewed.key live.key
until_subject renewed
[ "$(ask --cacert root.pem "https://localhost:$port/healthz")" = ok ]
step="a renewal that moves links"
mkdir -p first second && cp ecdsa.pem ecdsa.key first && cp renewed.pem second/ecdsa.pem && cp renewed.key second/ecdsa.key
ln -s first now
stop
start now/ecdsa.pem now/ecdsa.key
until_subject ecdsa
ln -sfn second now
until_subject renewed
stop

step="what cannot be used"
cannot() { # certificate, key, words
    local code=0
    "$RESULTS" serve "$work/none" --listen 127.0.0.1:0 --state "$work/state" --tls-cert "$1" --tls-key "$2" >/dev/null 2>said || code=$?
    [ "$code" = 2 ] || { echo "$1 with $2 ended with $code"; exit 1; }
    grep -q -- "$3" said || { echo "it does not say $3"; exit 1; }
}
openssl pkey -in rsa.key -aes256 -passout pass:secret -out locked.key
printf 'nothing\n' >empty.pem
cannot ecdsa.pem rsa.key "rsa.key: it isn't the key of ecdsa.pem"
cannot rsa.pem ecdsa.key "ecdsa.key: it isn't the key of rsa.pem"
cannot gone.pem ecdsa.key 'gone.pem: it cannot be read'
cannot ecdsa.pem gone.key 'gone.key: it cannot be read'
cannot empty.pem ecdsa.key 'empty.pem: no certificate was found in it'
cannot ecdsa.key ecdsa.key 'ecdsa.key: no certificate was found in it'
cannot ecdsa.pem ecdsa.own 'ecdsa.own: no key was found in it'
cannot rsa.pem locked.key 'locked.key: the key is locked with a passphrase'
step=
echo "TLS is as it should be"
