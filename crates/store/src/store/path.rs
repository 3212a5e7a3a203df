//! Where things lie in a run.
//!
//! `shard` and `user_id` are Hive partitions: `te/shard=0/user_id=<id>/<attempt>.parquet`. An id is
//! percent-encoded, so any UTF-8 text is one harmless path part. Ids too long for a file name are
//! cut and marked with `~` and a hash; the ledger keeps every id in full.
//!
//! Where there are many users, a folder holds a bucket of them, and a file the units that were
//! committed together: `te/shard=0/user_bucket=0007/<group>.parquet`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Longest encoded id, so that `user_id=<id>` stays below the 255 bytes file systems allow.
const LONGEST: usize = 200;

/// An id as one part of a path.
///
/// Different ids give different parts. `~` appears only in shortened ids, since it is itself encoded.
pub fn encode(id: &str) -> String {
    let encoded = utf8_percent_encode(id, PLAIN).to_string();
    if encoded.len() <= LONGEST {
        return encoded;
    }
    // Cut between characters, so that what is left still decodes to text.
    let mut cut = String::with_capacity(LONGEST);
    for character in id.chars() {
        let part = utf8_percent_encode(character.encode_utf8(&mut [0; 4]), PLAIN).to_string();
        if cut.len() + part.len() > LONGEST - 17 {
            break;
        }
        cut.push_str(&part);
    }
    let hash = blake3::hash(id.as_bytes()).to_hex();
    format!("{cut}~{}", &hash[..16])
}

/// File of a table for one attempt.
pub fn data_file(table: &str, shard: u32, user_id: &str, attempt: &str) -> String {
    format!("{table}/shard={shard}/user_id={}/{attempt}.parquet", encode(user_id))
}

/// File of a table for the units of a bucket that are committed together.
pub fn group_file(table: &str, shard: u32, bucket: u32, group: &str) -> String {
    format!("{table}/shard={shard}/user_bucket={bucket:04}/{group}.parquet")
}

/// The bucket of a user, the same on every machine: the first 8 bytes of the id's BLAKE3 as a
/// little-endian number, modulo the number of buckets.
pub fn bucket_of(user_id: &str, buckets: u32) -> u32 {
    let hash = blake3::hash(user_id.as_bytes());
    let first = hash.as_bytes().iter().take(8).rev().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    (first % u64::from(buckets.max(1))) as u32
}

/// The shard, and the attempt or group, that a file of a table belongs to; `None` if the path is of
/// another shape.
pub fn parse(path: &str) -> Option<(&str, u32, &str)> {
    let mut parts = path.split('/');
    let (table, shard, user, file) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let shard = shard.strip_prefix("shard=")?.parse().ok()?;
    user.strip_prefix("user_id=").or_else(|| user.strip_prefix("user_bucket="))?;
    Some((table, shard, file.strip_suffix(".parquet")?))
}

/// The user of a file that holds one attempt, as far as the path tells: none of an id that was cut, nor of a group.
pub fn user_in(path: &str) -> Option<String> {
    let encoded = path.split('/').nth(2)?.strip_prefix("user_id=").filter(|id| !id.contains('~'))?;
    Some(percent_decode_str(encoded).decode_utf8().ok()?.into_owned())
}

/// The bucket of a file that holds units that were committed together.
pub fn bucket_in(path: &str) -> Option<u32> {
    path.split('/').nth(2)?.strip_prefix("user_bucket=")?.parse().ok()
}

/// Whether a file holds the rows of units that were committed together.
pub fn is_group(path: &str) -> bool {
    path.split('/').nth(2).is_some_and(|part| part.starts_with("user_bucket="))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_ids_stay_in_their_folder() {
        for id in ["../x", "a=b", "a/b", "..", "", " ", "🙂", "a%2Fb", "~", "CON", "nul\0"] {
            let path = data_file("te", 1, id, "t");
            assert_eq!(path.split('/').count(), 4, "{path}");
            assert!(path.is_ascii() && !path.contains(['\0', ' ']), "{path}");
        }
        assert_eq!(encode("0EC6-a_b.c"), "0EC6-a_b.c");
        assert_eq!(encode("a/b"), "a%2Fb");
        assert_ne!(encode("a%2Fb"), encode("a/b"));
    }

    #[test]
    fn long_ids_fit_and_differ() {
        let (a, b) = (encode(&"é".repeat(300)), encode(&("é".repeat(299) + "e")));
        assert!(a.len() <= LONGEST && a != b);
        assert!(percent_decode_str(&a).decode_utf8().is_ok());
    }

    proptest! {
        #[test]
        fn encoding_is_injective_and_short(a in ".{0,400}", b in ".{0,400}") {
            prop_assert!(encode(&a).len() <= LONGEST);
            prop_assert_eq!(a == b, encode(&a) == encode(&b));
        }
    }

    #[test]
    fn buckets_are_even_and_never_change() {
        assert_eq!(["", "a", "00EABED2", "🙂"].map(|id| bucket_of(id, 1000)), [863, 143, 517, 854]);
        let mut counts = [0; 16];
        (0..16_000).for_each(|i| counts[bucket_of(&format!("user {i}"), 16) as usize] += 1);
        assert!(counts.iter().all(|n| (800..1200).contains(n)), "{counts:?}");
        assert_eq!(bucket_of("a", 0), 0);
    }

    #[test]
    fn paths_parse_back() {
        assert_eq!(parse(&data_file("te", 3, "a/b", "t1")), Some(("te", 3, "t1")));
        assert_eq!(parse(&group_file("te", 3, 7, "g")), Some(("te", 3, "g")));
        assert_eq!(group_file("te", 3, 7, "g"), "te/shard=3/user_bucket=0007/g.parquet");
        assert_eq!(parse("te/shard=x/user_id=a/t.parquet"), None);
        assert_eq!(parse("te/README"), None);
    }

    #[test]
    fn a_path_names_its_user_unless_the_id_was_cut() {
        for id in ["u1", "a/b", "é ~%"] {
            assert_eq!(user_in(&data_file("users", 3, id, "t1")).as_deref(), Some(id));
        }
        assert_eq!(user_in(&data_file("users", 3, &"a".repeat(300), "t1")), None);
        assert_eq!(user_in(&group_file("users", 3, 7, "g")), None);
    }
}
