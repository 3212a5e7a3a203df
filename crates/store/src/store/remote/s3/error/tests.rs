//! What is said of each thing that goes wrong.

use std::time::Duration;

use super::*;

fn facts() -> Facts {
    Facts {
        bucket: "bucket".into(),
        server: "https://s3.example".into(),
        region: "us-east-1".into(),
        who: Who::Key("AKIA…7Q".into()),
    }
}

fn error(text: &str) -> Error {
    Error::Generic { store: "S3", source: text.to_owned().into() }
}

fn answer(status: u16, body: &str) -> Error {
    error(&format!(
        "Error performing PUT https://… in 1s - Server returned non-2xx status code: {status} Word: {body}"
    ))
}

fn code(status: u16, code: &str) -> Error {
    answer(status, &format!("<Error><Code>{code}</Code><Message>Why.</Message></Error>"))
}

fn told(error: &Error, asked: Asked, known: &Known) -> String {
    let source = in_words(error, asked, &facts(), known);
    let error = crate::store::StorageError { action: "write", path: "s3://bucket/run/te".into(), source };
    crate::error::chain(&error)
}

#[test]
fn every_refusal_is_one_sentence_with_a_way_out() {
    let known = Known { tried: Duration::from_secs(17), prefix: "run".into(), ..Known::default() };
    let listed = Known { listed: true, ..known.clone() };
    let buckets = Known { buckets: vec!["a".into(), "b".into()], ..known.clone() };
    let region = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    let all = [
        told(&code(403, "AccessDenied"), Asked::Put, &listed),
        told(&code(403, "AccessDenied"), Asked::Get, &listed),
        told(&code(403, "AccessDenied"), Asked::List, &Known::default()),
        told(&answer(403, ""), Asked::Head, &known),
        told(&code(403, "InvalidAccessKeyId"), Asked::List, &known),
        told(&code(403, "SignatureDoesNotMatch"), Asked::List, &known),
        told(&code(400, "ExpiredToken"), Asked::Put, &known),
        told(&code(403, "RequestTimeTooSkewed"), Asked::Get, &known),
        told(&code(404, "NoSuchBucket"), Asked::List, &known),
        told(&code(404, "NoSuchBucket"), Asked::List, &buckets),
        told(&answer(400, region), Asked::List, &known),
        told(&code(301, "PermanentRedirect"), Asked::List, &known),
        told(&code(500, "InternalError"), Asked::Put, &known),
        told(&code(503, "SlowDown"), Asked::Put, &known),
        told(&code(507, "XMinioStorageFull"), Asked::Put, &known),
        told(&code(501, "NotImplemented"), Asked::Put, &known),
        told(&answer(404, ""), Asked::List, &known),
        told(&answer(502, ""), Asked::Get, &known),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    cannot write s3://bucket/run/te: the store says AccessDenied (403) for PUT, and could list
    (hint: the key AKIA…7Q may read but not write; it needs s3:PutObject on bucket/run/*)
    cannot write s3://bucket/run/te: the store says AccessDenied (403) for GET, and could list
    (hint: the key AKIA…7Q may not read; it needs s3:GetObject on bucket/run/*)
    cannot write s3://bucket/run/te: the store says AccessDenied (403) for a listing
    (hint: the key AKIA…7Q may not list; it needs s3:ListBucket on bucket)
    cannot write s3://bucket/run/te: the store says Forbidden (403) for HEAD
    (hint: the key AKIA…7Q may not read; it needs s3:GetObject on bucket/run/*)
    cannot write s3://bucket/run/te: https://s3.example does not know the key AKIA…7Q
    (hint: check AWS_ACCESS_KEY_ID, and that AWS_ENDPOINT_URL is the server that the key is for)
    cannot write s3://bucket/run/te: https://s3.example refuses the signature of the key AKIA…7Q
    (hint: AWS_SECRET_ACCESS_KEY is not the secret of that key)
    cannot write s3://bucket/run/te: the token of the key AKIA…7Q has expired
    (hint: get a new key with its token (AWS_SESSION_TOKEN), then continue with `results run --resume`; nothing finished is lost)
    cannot write s3://bucket/run/te: the clock of this machine and that of https://s3.example differ by more than 15 minutes (RequestTimeTooSkewed)
    (hint: set this machine's clock, as with `timedatectl set-ntp true`)
    cannot write s3://bucket/run/te: the bucket `bucket` was not found at https://s3.example
    (hint: check the name, or make the bucket first)
    cannot write s3://bucket/run/te: the bucket `bucket` was not found at https://s3.example
    (hint: buckets there: a, b)
    cannot write s3://bucket/run/te: the bucket `bucket` is in the region eu-west-1, and us-east-1 was asked
    (hint: set AWS_REGION=eu-west-1)
    cannot write s3://bucket/run/te: the store says PermanentRedirect (301) to a listing: Why
    (hint: set AWS_REGION to the region of the bucket, or AWS_ENDPOINT_URL to its server)
    cannot write s3://bucket/run/te: the store says InternalError (500) to PUT: Why; tried for 17 s
    (hint: look at the server; continue with `results run --resume` when it is well, nothing finished is lost)
    cannot write s3://bucket/run/te: the store says SlowDown (503) to PUT: Why; tried for 17 s
    (hint: start fewer workers, or wait; continue with `results run --resume`, nothing finished is lost)
    cannot write s3://bucket/run/te: the store is full (XMinioStorageFull)
    (hint: free some space, then continue with `results run --resume`; nothing finished is lost)
    cannot write s3://bucket/run/te: the store says NotImplemented (501) to PUT: Why; tried for 17 s
    (hint: the store cannot do what a run needs; use another one, or a folder)
    cannot write s3://bucket/run/te: what answers at https://s3.example is not an S3 server: it says 404 to a listing
    (hint: check AWS_ENDPOINT_URL)
    cannot write s3://bucket/run/te: the store says 502 to GET; tried for 17 s
    (hint: look at the server; continue with `results run --resume` when it is well, nothing finished is lost)
    ");
}

#[test]
fn no_answer_is_told_by_its_cause() {
    let known = Known { tried: Duration::from_secs(20), ..Known::default() };
    let all = [
        "error sending request: tcp connect error: Connection refused (os error 111)",
        "client error (Connect): dns error: failed to lookup address information",
        "client error (Connect): invalid peer certificate: UnknownIssuer",
        "client error (Connect): received corrupt message of type InvalidContentType",
        "tcp connect error: No route to host (os error 113)",
        "HTTP error: no answer within 15 s",
        "Got invalid list response: unexpected end of stream",
        "error reading a body from connection: connection closed before message completed",
        "something else",
    ]
    .map(|text| told(&error(text), Asked::Get, &known));
    insta::assert_snapshot!(all.join("\n"), @r"
    cannot write s3://bucket/run/te: nobody listens at https://s3.example; tried for 20 s
    (hint: is the server running, and is AWS_ENDPOINT_URL right?)
    cannot write s3://bucket/run/te: the host of https://s3.example is not known
    (hint: check AWS_ENDPOINT_URL, and that this machine has a name server)
    cannot write s3://bucket/run/te: the certificate of https://s3.example is not trusted: client error (Connect): invalid peer certificate: UnknownIssuer
    (hint: install the package ca-certificates; for an authority of your own, set SSL_CERT_FILE to a file with its certificate)
    cannot write s3://bucket/run/te: no encrypted connection to https://s3.example: client error (Connect): received corrupt message of type InvalidContentType
    (hint: is it http:// and not https:// that is spoken there?)
    cannot write s3://bucket/run/te: https://s3.example cannot be reached from this machine
    (hint: check the network and AWS_ENDPOINT_URL)
    cannot write s3://bucket/run/te: no answer from https://s3.example; tried for 20 s
    (hint: is the server running, and is AWS_ENDPOINT_URL right?)
    cannot write s3://bucket/run/te: what answers at https://s3.example is not an S3 server: Got invalid list response: unexpected end of stream
    (hint: check AWS_ENDPOINT_URL)
    cannot write s3://bucket/run/te: the connection to https://s3.example broke; tried for 20 s
    (hint: look at the network and the server; continue with `results run --resume`, nothing finished is lost)
    cannot write s3://bucket/run/te: https://s3.example: something else
    (hint: look at the network and at the server)
    ");
}

#[test]
fn without_a_key_it_is_said_where_one_was_looked_for() {
    let error = error("Error performing PUT http://169.254.169.254/latest/api/token in 20s - HTTP error");
    let facts = Facts { who: Who::Service("the role of this machine"), ..facts() };
    let said = in_words(&error, Asked::List, &facts, &Known::default()).to_string();
    assert_eq!(said, "no key to ask https://s3.example with was found: the role of this machine gives none");
}

#[test]
fn a_missing_bucket_is_no_missing_object() {
    let not_found = |body: &str| Error::NotFound {
        path: "x".into(),
        source: format!("Server returned non-2xx status code: 404 Not Found: {body}").into(),
    };
    assert!(is_absent(&not_found("")) && is_absent(&not_found("<Error><Code>NoSuchKey</Code></Error>")));
    let bucket = not_found("<Error><Code>NoSuchBucket</Code></Error>");
    assert!(!is_absent(&bucket) && is_without_bucket(&bucket));
}
