//! URLs that are taken, and what is said of others.

use super::*;

fn url(text: &str) -> RemoteUrl {
    match parse(text) {
        Ok(Some(Place::Remote(url))) => url,
        other => panic!("{text}: {other:?}"),
    }
}

fn folder(text: &str) -> PathBuf {
    match parse(text) {
        Ok(Some(Place::Local(dir))) => dir,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn urls_name_a_bucket_and_a_prefix() {
    for (text, shown, short) in [
        ("s3://bucket", "s3://bucket", "bucket"),
        ("s3://bucket/", "s3://bucket", "bucket"),
        ("S3://bucket/a/b//", "s3://bucket/a/b", "b"),
        ("s3://my.bucket-1/a b/50%/ä=😀/_x", "s3://my.bucket-1/a b/50%/ä=😀/_x", "_x"),
        ("s3://bucket/a%20b#d", "s3://bucket/a%20b#d", "a%20b#d"),
    ] {
        let url = url(text);
        assert_eq!((url.to_string().as_str(), url.short_name()), (shown, short));
    }
    assert_eq!(url("s3://bucket").join("te/a").to_string(), "s3://bucket/te/a");
    assert_eq!(url("s3://bucket/run").join("te/a").to_string(), "s3://bucket/run/te/a");
    let longest = format!("s3://bucket/{}", "a".repeat(624));
    assert_eq!(url(&longest).to_string(), longest);
}

#[test]
fn other_texts_are_paths() {
    for text in ["run", "/full/run", "./s3:x", "a:b", "", "s3", "C:\\run", "s3/bucket"] {
        assert!(matches!(parse(text), Ok(None)), "{text}");
    }
    assert_eq!(folder("file:///a/b"), PathBuf::from("/a/b"));
    assert_eq!(folder("FILE://localhost/a%20b%25"), PathBuf::from("/a b%"));
}

#[test]
fn each_mistake_is_told_in_one_sentence_with_a_way_out() {
    let said = |text: &str| match parse(text) {
        Err(error) => error.to_string(),
        other => panic!("{text}: {other:?}"),
    };
    let long = format!("s3://bucket/{}", "a".repeat(625));
    let texts = [
        "s3://",
        "s3:///run",
        "s3:bucket/run",
        "S3:/bucket",
        "s3://Bucket/run",
        "s3://my_bucket",
        "s3://ab",
        "s3://-bucket",
        "s3://a..b",
        "s3://192.168.0.1/run",
        "s3://localhost:9000/bucket",
        "s3://AKIAEXAMPLE:secret@bucket/run?secret",
        "s3://bucket/run?X-Amz-Signature=secret",
        "s3://bucket/a//b",
        "s3://bucket//a",
        "s3://bucket/../a",
        "s3://bucket/a/.",
        "s3://bucket/a\nb",
        "s3a://bucket/run",
        "gs://bucket/run",
        "https://user:secret@host/bucket/run?X-Amz-Signature=secret",
        "ftp://host",
        "://x",
        "file://a/b",
        "file:///a%00",
    ];
    let told = texts.map(said).join("\n");
    assert!(!told.contains("secret"), "{told}");
    insta::assert_snapshot!(told, @r"
    s3://: it names no bucket
    (hint: write s3://BUCKET/PREFIX)
    s3:///run: it names no bucket
    (hint: write s3://BUCKET/PREFIX)
    s3:bucket/run: a URL has two slashes behind its scheme
    (hint: write s3://bucket/run, or ./s3:bucket/run for a folder of that name)
    S3:/bucket: a URL has two slashes behind its scheme
    (hint: write s3://bucket, or ./S3:/bucket for a folder of that name)
    s3://Bucket/run: no bucket can be called `Bucket`
    (hint: a bucket has 3 to 63 lowercase letters, digits, dots and hyphens, and begins and ends with a letter or digit)
    s3://my_bucket: no bucket can be called `my_bucket`
    (hint: a bucket has 3 to 63 lowercase letters, digits, dots and hyphens, and begins and ends with a letter or digit)
    s3://ab: no bucket can be called `ab`
    (hint: a bucket has 3 to 63 lowercase letters, digits, dots and hyphens, and begins and ends with a letter or digit)
    s3://-bucket: no bucket can be called `-bucket`
    (hint: a bucket has 3 to 63 lowercase letters, digits, dots and hyphens, and begins and ends with a letter or digit)
    s3://a..b: no bucket can be called `a..b`
    (hint: a bucket has 3 to 63 lowercase letters, digits, dots and hyphens, and begins and ends with a letter or digit)
    s3://192.168.0.1/run: no bucket can be called `192.168.0.1`
    (hint: a bucket has 3 to 63 lowercase letters, digits, dots and hyphens, and begins and ends with a letter or digit)
    s3://localhost:9000/bucket: a bucket has no port
    (hint: set AWS_ENDPOINT_URL to the server, as in https://HOST:PORT, and write s3://BUCKET/PREFIX)
    s3://…@bucket/run?…: a URL has no place for keys
    (hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and write s3://BUCKET/PREFIX)
    s3://bucket/run?…: what stands behind `?` cannot be part of a prefix
    (hint: leave it out; keys and tokens are set in the environment (docs/s3.md))
    s3://bucket/a//b: it has an empty part
    (hint: write one slash between two parts)
    s3://bucket//a: it has an empty part
    (hint: write one slash between two parts)
    s3://bucket/../a: `.` and `..` mean nothing in a bucket
    (hint: write the whole prefix, as in s3://BUCKET/PREFIX)
    s3://bucket/a/.: `.` and `..` mean nothing in a bucket
    (hint: write the whole prefix, as in s3://BUCKET/PREFIX)
    s3://bucket/a\nb: it has a character that cannot be printed
    (hint: name another prefix)
    s3a://bucket/run: only s3:// and file:// are known
    (hint: write s3://bucket/run)
    gs://bucket/run: only s3:// and file:// are known
    (hint: this version speaks to stores as S3 does; name s3://BUCKET/PREFIX, or a folder and copy it there)
    https://…@host/bucket/run?…: only s3:// and file:// are known
    (hint: set AWS_ENDPOINT_URL to the server's URL, and write s3://BUCKET/PREFIX for what is in it)
    ftp://host: only s3:// and file:// are known
    (hint: name a folder, or s3://BUCKET/PREFIX)
    ://x: only s3:// and file:// are known
    (hint: name a folder, or s3://BUCKET/PREFIX)
    file://a/b: a file URL has three slashes and a full path
    (hint: write file:///full/path)
    file:///a%00: no path has a zero byte
    (hint: name another folder)
    ");
    assert_eq!(
        said(&long).split_once(": its").unwrap().1,
        " prefix has 625 bytes\n(hint: keys have at most 1024, and files of a run need up to 400 of them; name a shorter one)"
    );
}

#[test]
fn files_of_a_run_fit_below_the_longest_prefix() {
    let long = "é".repeat(300);
    let name = format!("20261123T143012-3fa9c1d2e4b5-{0}of{0}f{1}.{0}+{0}", u32::MAX, u64::MAX);
    let table = "t".repeat(64);
    let path = crate::store::data_file(&table, u32::MAX, &long, &name);
    assert!(path.len() <= OF_A_RUN, "{}", path.len());
}
