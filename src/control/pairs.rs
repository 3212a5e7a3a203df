//! Whose source stands beside whose target.

use std::collections::HashSet;

/// Pairs of different users, by their places in the list: the same for the same seed, none twice, everybody as often a
/// source as a target, and as often as everybody else, give or take one.
///
/// Users are put on a circle, in an order that the seed decides; each round puts the source of everyone beside the
/// target of whoever sits so many seats on, and no two rounds have the same number of seats.
pub(super) fn pairs(users: &[&str], seed: u64, most: usize) -> Vec<(usize, usize)> {
    let n = users.len();
    let mut circle: Vec<usize> = (0..n).collect();
    circle.sort_by_cached_key(|&user| hash(seed, "user", users[user].as_bytes()));
    let mut seats: Vec<usize> = (1..n).collect();
    seats.sort_by_cached_key(|&seats| hash(seed, "seats", &(seats as u64).to_le_bytes()));
    let mut taken = HashSet::new();
    let rounds = seats.into_iter().flat_map(|seats| (0..n).map(move |at| (at, (at + seats) % n)));
    let pairs = rounds.map(|(source, target)| (circle[source], circle[target]));
    // Two pairs may have one name where ids have the mark between them; only the first is taken.
    pairs
        .filter(|(source, target)| taken.insert(format!("{}~{}", users[*source], users[*target])))
        .take(most)
        .collect()
}

fn hash(seed: u64, purpose: &str, what: &[u8]) -> [u8; 32] {
    let mut name = blake3::Hasher::new();
    name.update(b"control\0");
    name.update(&seed.to_le_bytes());
    name.update(purpose.as_bytes());
    name.update(what);
    *name.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|user| format!("u{user}")).collect()
    }

    #[test]
    fn pairs_of_one_name_are_one() {
        let users = ["a", "b~c", "a~b", "c"];
        let found = pairs(&users, 1, 100);
        assert_eq!(found.len(), 11, "a~b~c is of two pairs: {found:?}");
        assert_eq!(pairs(&["a"], 1, 9), []);
        assert_eq!(pairs(&[], 1, 9), []);
    }

    proptest! {
        #[test]
        fn nobody_is_beside_oneself_and_no_pair_comes_twice(n in 2usize..40, seed: u64, most in 0usize..500) {
            let names = names(n);
            let users: Vec<&str> = names.iter().map(String::as_str).collect();
            let found = pairs(&users, seed, most);
            prop_assert_eq!(found.len(), most.min(n * (n - 1)));
            prop_assert!(found.iter().all(|(source, target)| source != target && *source < n && *target < n));
            let distinct: HashSet<_> = found.iter().collect();
            prop_assert_eq!(distinct.len(), found.len());
            // Everybody as often as everybody else.
            for of in [|pair: &(usize, usize)| pair.0, |pair: &(usize, usize)| pair.1] {
                let times: Vec<usize> =
                    (0..n).map(|user| found.iter().filter(|pair| of(pair) == user).count()).collect();
                prop_assert!(times.iter().max().unwrap() - times.iter().min().unwrap() <= 1, "{times:?}");
            }
            prop_assert_eq!(pairs(&users, seed, most), found);
        }

        #[test]
        fn fewer_pairs_are_the_first_of_more(n in 2usize..20, seed: u64, most in 1usize..200) {
            let names = names(n);
            let users: Vec<&str> = names.iter().map(String::as_str).collect();
            let more = pairs(&users, seed, most);
            prop_assert_eq!(&pairs(&users, seed, most / 2)[..], &more[..(most / 2).min(more.len())]);
        }
    }

    #[test]
    fn the_seed_decides() {
        let names = names(12);
        let users: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_ne!(pairs(&users, 1, 24), pairs(&users, 2, 24));
    }
}
