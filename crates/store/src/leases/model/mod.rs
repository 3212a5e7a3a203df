//! The rules among machines whose clocks agree on nothing, over a store whose requests are slow, lost and doubled, with
//! freezes, deaths and networks that are down. Every run is its seed.

mod machine;
mod random;
mod runs;
mod world;
