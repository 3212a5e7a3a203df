//! What is read of the environment and of a configuration.

use super::*;

fn env(all: &[(&str, &str)]) -> Environment {
    Environment::of(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMP7Q"), ("AWS_SECRET_ACCESS_KEY", "hush")];

#[test]
fn settings_are_read_from_the_environment() {
    let plain = StoreSettings::read(&env(&KEYS), &usual()).unwrap();
    assert_eq!(plain.who, Who::Key("AKIA…7Q".into()));
    assert_eq!(
        (plain.server().as_str(), plain.region.as_str()),
        ("https://s3.us-east-1.amazonaws.com", "us-east-1")
    );
    let all = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ALLOW_HTTP", "TRUE"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
        ("RESULTS_STORE_RETRIES", "0"),
        ("RESULTS_STORE_TIMEOUT", "3"),
        ("RESULTS_STORE_CONCURRENCY", "2"),
        ("AWS_PROFILE", "work"),
    ];
    let set = StoreSettings::read(&env(&[&KEYS[..], &all].concat()), &usual()).unwrap();
    assert_eq!(set.server(), "http://127.0.0.1:1");
    assert_eq!((set.region.as_str(), set.virtual_hosted), ("eu-west-1", true));
    assert_eq!((set.retries, set.timeout, set.concurrency), (0, Duration::from_secs(3), 2));
    let empty =
        StoreSettings::read(&env(&[("AWS_PROFILE", " "), ("AWS_ACCESS_KEY_ID", "")]), &usual()).unwrap();
    assert_eq!(empty.who, Who::Service("the role of this machine"));
}

fn usual() -> StoreConfig {
    StoreConfig::default()
}

#[test]
fn the_environment_holds_above_a_configuration() {
    let config = StoreConfig {
        endpoint: Some("http://127.0.0.1:2".into()),
        region: Some("here".into()),
        virtual_hosted: true,
        concurrency: 3,
        timeout: 4,
        retries: 5,
        ..usual()
    };
    let unsafe_one = StoreSettings::read(&env(&KEYS), &config).unwrap_err();
    assert_eq!(unsafe_one.0, "store.endpoint is http://127.0.0.1:2, which sends everything unencrypted");
    let allowed = [&KEYS[..], &[("AWS_ALLOW_HTTP", "true")]].concat();
    let set = StoreSettings::read(&env(&allowed), &config).unwrap();
    assert_eq!((set.server(), set.region.as_str()), ("http://127.0.0.1:2".into(), "here"));
    assert_eq!((set.concurrency, set.timeout, set.retries), (3, Duration::from_secs(4), 5));
    let above = [
        ("AWS_ENDPOINT", "https://above"),
        ("AWS_DEFAULT_REGION", "there"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false"),
        ("RESULTS_STORE_TIMEOUT", "9"),
    ];
    let set = StoreSettings::read(&env(&[&KEYS[..], &above].concat()), &config).unwrap();
    assert_eq!((set.server(), set.region.as_str()), ("https://above".into(), "there"));
    assert_eq!((set.virtual_hosted, set.timeout, set.retries), (false, Duration::from_secs(9), 5));
}

#[test]
fn the_client_has_all_that_is_set() {
    use object_store::aws::AmazonS3ConfigKey as Key;
    let token = [("AWS_SESSION_TOKEN", "t"), ("AWS_ENDPOINT_URL", "https://x"), ("AWS_NO_SUCH", "1")];
    let builder = env(&[&KEYS[..], &token].concat()).builder("bucket");
    let value = |key: Key| builder.get_config_value(&key).unwrap_or_default();
    assert_eq!(value(Key::AccessKeyId), "AKIAIOSFODNN7EXAMP7Q");
    assert_eq!((value(Key::Token), value(Key::Endpoint)), ("t".into(), "https://x".into()));
    assert_eq!(value(Key::Bucket), "bucket");
}

#[test]
fn what_cannot_be_is_told_without_secrets() {
    let told: Vec<String> = [
        &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")][..],
        &[("AWS_ENDPOINT_URL", "http://me:hush@127.0.0.1:9000"), ("AWS_ALLOW_HTTP", "true")],
        &[("AWS_ENDPOINT_URL", "127.0.0.1:9000")],
        &[("AWS_ENDPOINT_URL_S3", "s3://x")],
        &[("AWS_ACCESS_KEY_ID", "a")],
        &[("AWS_SECRET_ACCESS_KEY", "hush")],
        &[("AWS_PROFILE", "work")],
        &[("RESULTS_STORE_RETRIES", "-1")],
        &[("RESULTS_STORE_TIMEOUT", "soon")],
        &[("RESULTS_STORE_CONCURRENCY", "0")],
    ]
    .into_iter()
    .map(|all| StoreSettings::read(&env(all), &usual()).map(drop).unwrap_err())
    .map(|(fault, hint)| format!("{fault}\n(hint: {hint})"))
    .collect();
    let told = told.join("\n");
    assert!(!told.contains("hush") && !format!("{:?}", env(&KEYS)).contains("hush"), "{told}");
    insta::assert_snapshot!(told, @r#"
    AWS_ENDPOINT_URL is http://127.0.0.1:9000, which sends everything unencrypted
    (hint: set AWS_ALLOW_HTTP=true if it is meant so, or write https://)
    AWS_ENDPOINT_URL has a name or a password before `127.0.0.1:9000`
    (hint: take them out; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have the key)
    AWS_ENDPOINT_URL is 127.0.0.1:9000, which is not a URL of a server
    (hint: write it as https://HOST:PORT)
    AWS_ENDPOINT_URL is s3://x, which is not a URL of a server
    (hint: write it as https://HOST:PORT)
    AWS_ACCESS_KEY_ID is set without a secret
    (hint: set AWS_SECRET_ACCESS_KEY too)
    AWS_SECRET_ACCESS_KEY is set without a key
    (hint: set AWS_ACCESS_KEY_ID too)
    AWS_PROFILE is set, and this program does not read the files of profiles
    (hint: put the profile's key into the environment: eval "$(aws configure export-credentials --format env)")
    RESULTS_STORE_RETRIES is `-1`
    (hint: write a whole number from 0 to 100)
    RESULTS_STORE_TIMEOUT is `soon`
    (hint: write a whole number from 1 to 3600)
    RESULTS_STORE_CONCURRENCY is `0`
    (hint: write a whole number from 1 to 1024)
    "#);
}

#[test]
fn of_a_key_only_the_ends_are_told() {
    assert_eq!(["", "abc", "results-test"].map(shortened), ["…", "a…c", "resu…st"]);
}
