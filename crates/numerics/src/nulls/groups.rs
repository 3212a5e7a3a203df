//! `Σ f(n_xyz) − Σ f(n_xz)` of items in slots, where f(c) = c·log2 c.
//!
//! Slots stand in groups, within which equal items are counted for n(x, z), and groups in runs, within
//! which they are counted for n(x, y, z). How a group is counted depends on its size: up to four items
//! are compared with each other, a group much larger than the number of keys is counted and then looked
//! up key by key, and any other adds up the rise of f with each item.

/// One bit in fixed point: sums are integers, so equal tables compare equal in any order.
pub const SCALE: f64 = (1u64 << 32) as f64;

/// Items are dense in a group if there are so many slots for every key.
const DENSE: usize = 2;

/// Keys under which an item is counted.
pub(super) trait Item: Copy {
    /// Whether both keys are the same, and only runs tell n(x, y, z) from n(x, z).
    const ONE_KEY: bool;
    /// For n(x, z).
    fn wide(self) -> usize;
    /// For n(x, y, z).
    fn narrow(self) -> usize;
}

/// A source history: runs tell its y apart.
impl Item for u32 {
    const ONE_KEY: bool = true;

    fn wide(self) -> usize {
        self as usize
    }

    fn narrow(self) -> usize {
        self as usize
    }
}

/// A past, and that past with its y.
impl Item for [u32; 2] {
    const ONE_KEY: bool = false;

    fn wide(self) -> usize {
        self[0] as usize
    }

    fn narrow(self) -> usize {
        self[1] as usize
    }
}

/// f and its rise for all counts up to n, in fixed point.
#[derive(Debug)]
pub(super) struct Tables {
    /// f(c).
    pub(super) f: Vec<i64>,
    /// f(c + 1) − f(c).
    pub(super) rise: Vec<i64>,
    /// Σ f of up to four items, by which of them are equal; see [`pairs`].
    few: [i64; 64],
}

impl Tables {
    pub(super) fn new(n: usize) -> Self {
        let exact = |c: usize| if c == 0 { 0.0 } else { c as f64 * (c as f64).log2() };
        let f: Vec<i64> = (0..=n.max(4)).map(|c| (exact(c) * SCALE).round() as i64).collect();
        let rise = f.windows(2).map(|f| f[1] - f[0]).collect();
        let few = std::array::from_fn(|equal| {
            let same = |i: usize, j: usize| i == j || equal >> pair(i.min(j), i.max(j)) & 1 == 1;
            let is_first = |i: usize| (0..i).all(|j| !same(j, i));
            (0..4).filter(|i| is_first(*i)).map(|i| f[(0..4).filter(|j| same(i, *j)).count()]).sum()
        });
        Self { f, rise, few }
    }
}

/// Number of the pair of items i < j.
fn pair(i: usize, j: usize) -> usize {
    j * (j - 1) / 2 + i
}

/// Which pairs of `N` keys are equal, a bit a [`pair`].
fn pairs<const N: usize>(keys: [usize; N]) -> usize {
    let mut equal = 0;
    for j in 1..N {
        for i in 0..j {
            equal |= usize::from(keys[i] == keys[j]) << pair(i, j);
        }
    }
    equal
}

/// Counts by key, 0 between groups.
#[derive(Debug)]
pub(super) struct Counters {
    wide: Vec<u32>,
    narrow: Vec<u32>,
}

impl Counters {
    /// For keys below these.
    pub(super) fn new(wide: usize, narrow: usize) -> Self {
        Self { wide: vec![0; wide], narrow: vec![0; narrow] }
    }
}

/// Slots of one y within a group.
#[derive(Debug, Clone, Copy)]
struct Run {
    slots: u32,
    ends_group: bool,
}

/// Items, the first of them in slots.
#[derive(Debug)]
pub(super) struct Groups<T> {
    items: Vec<T>,
    /// For groups of 2, 3 and 4 slots, which come first: which pairs of slots are in the same run.
    few: [Vec<u8>; 3],
    /// Then groups with many slots for every key.
    dense: Vec<Run>,
    /// Then all others.
    plain: Vec<Run>,
    slots: usize,
    /// The wide key of every narrow key.
    wide_of: Vec<u32>,
}

/// Groups to be laid out.
#[derive(Debug)]
pub(super) struct Layout<T> {
    items: Vec<T>,
    runs: Vec<u32>,
    /// First item and first run of each group, and its items.
    groups: Vec<[u32; 3]>,
}

impl<T: Item> Layout<T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), runs: Vec::new(), groups: Vec::new() }
    }

    /// Begins a group.
    pub(super) fn group(&mut self) {
        self.groups.push([self.items.len() as u32, self.runs.len() as u32, 0]);
    }

    /// Adds a run to the group.
    pub(super) fn run(&mut self, items: impl Iterator<Item = T>) {
        let before = self.items.len();
        self.items.extend(items);
        let added = (self.items.len() - before) as u32;
        self.runs.push(added);
        if let Some(group) = self.groups.last_mut() {
            group[2] += added;
        }
    }

    /// Orders the groups by how they are counted; `rest` are the items that are in no slot.
    pub(super) fn lay_out(self, rest: impl Iterator<Item = T>, wide_of: Vec<u32>) -> Groups<T> {
        let ends = self.groups.iter().skip(1).map(|g| g[1] as usize).chain([self.runs.len()]);
        let kind = |items: u32, runs: usize| match items as usize {
            few @ 2..=4 => few - 2,
            items if items >= DENSE * runs * wide_of.len() => 3,
            _ => 4,
        };
        let mut order: Vec<(usize, usize, usize)> = self
            .groups
            .iter()
            .zip(ends)
            .enumerate()
            .map(|(i, (group, end))| (kind(group[2], end - group[1] as usize), i, end))
            .collect();
        order.sort_unstable();
        let mut groups = Groups {
            items: Vec::with_capacity(self.items.len()),
            few: [Vec::new(), Vec::new(), Vec::new()],
            dense: Vec::new(),
            plain: Vec::new(),
            slots: self.items.len(),
            wide_of: Vec::new(),
        };
        for (kind, group, end) in order {
            let [first, run, items] = self.groups[group];
            groups.items.extend_from_slice(&self.items[first as usize..(first + items) as usize]);
            let runs = &self.runs[run as usize..end];
            let last = runs.len() - 1;
            let all = runs.iter().enumerate().map(|(i, slots)| Run { slots: *slots, ends_group: i == last });
            match kind {
                3 => groups.dense.extend(all),
                4 => groups.plain.extend(all),
                few => groups.few[few].push(same_run(runs)),
            }
        }
        groups.items.extend(rest);
        Groups { wide_of, ..groups }
    }
}

/// Which pairs of up to four slots are in the same run.
fn same_run(runs: &[u32]) -> u8 {
    let mut of = [0; 4];
    let mut slots = of.iter_mut();
    for (run, length) in runs.iter().enumerate() {
        slots.by_ref().take(*length as usize).for_each(|slot| *slot = run);
    }
    pairs(of) as u8
}

impl<T: Item> Groups<T> {
    /// Number of slots.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// Number of items, in slots or not.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    #[cfg(test)]
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// Fills each slot in turn with the item so much further on.
    pub(super) fn swap(&mut self, offsets: &[u32]) {
        for (i, offset) in offsets.iter().enumerate() {
            self.items.swap(i, i + *offset as usize);
        }
    }

    /// The sum over all slots, in fixed point.
    pub(super) fn sum(&self, tables: &Tables, counters: &mut Counters) -> i64 {
        let (two, rest) = self.items.split_at(2 * self.few[0].len());
        let (three, rest) = rest.split_at(3 * self.few[1].len());
        let (four, rest) = rest.split_at(4 * self.few[2].len());
        let dense: usize = self.dense.iter().map(|run| run.slots as usize).sum();
        let (dense, plain) = rest.split_at(dense);
        few::<T, 2>(two, &self.few[0], tables)
            + few::<T, 3>(three, &self.few[1], tables)
            + few::<T, 4>(four, &self.few[2], tables)
            + self.dense(dense, tables, counters)
            + self.plain(plain, tables, counters)
    }

    fn dense(&self, mut items: &[T], tables: &Tables, counters: &mut Counters) -> i64 {
        let mut sum = 0;
        let f = &tables.f;
        for run in &self.dense {
            let (these, rest) = items.split_at(run.slots as usize);
            items = rest;
            for item in these {
                counters.narrow[item.narrow()] += 1;
            }
            for (count, wide) in counters.narrow.iter_mut().zip(&self.wide_of) {
                sum += f[*count as usize];
                counters.wide[*wide as usize] += std::mem::take(count);
            }
            if run.ends_group {
                sum -= counters.wide.iter_mut().map(|count| f[std::mem::take(count) as usize]).sum::<i64>();
            }
        }
        sum
    }

    fn plain(&self, items: &[T], tables: &Tables, counters: &mut Counters) -> i64 {
        let mut sum = 0;
        let (mut group, mut start) = (0, 0);
        let Counters { wide, narrow } = counters;
        for run in &self.plain {
            let end = start + run.slots as usize;
            let these = &items[start..end];
            if T::ONE_KEY && start == group {
                // In a group's first run both counts rise alike.
                for item in these {
                    wide[item.wide()] += 1;
                }
            } else {
                for item in these {
                    let (all, some) = (&mut wide[item.wide()], &mut narrow[item.narrow()]);
                    sum += tables.rise[*some as usize] - tables.rise[*all as usize];
                    *all += 1;
                    *some += 1;
                }
                for item in these {
                    narrow[item.narrow()] = 0;
                }
            }
            start = end;
            if run.ends_group {
                for item in &items[group..end] {
                    wide[item.wide()] = 0;
                }
                group = end;
            }
        }
        sum
    }
}

/// Groups of N slots.
fn few<T: Item, const N: usize>(items: &[T], same_run: &[u8], tables: &Tables) -> i64 {
    let groups = items.as_chunks::<N>().0;
    let sum = |(group, same_run): (&[T; N], &u8)| {
        let wide = pairs(group.map(T::wide));
        let narrow = pairs(group.map(T::narrow)) & usize::from(*same_run);
        tables.few[narrow % 64] - tables.few[wide % 64]
    };
    groups.iter().zip(same_run).map(sum).sum()
}
