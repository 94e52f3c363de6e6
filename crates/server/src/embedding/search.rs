//! The nearest of many vectors, by the cosine of the angle between them.
//!
//! Exact, and without an index: each stored vector is read once, from its bytes, and only the best are kept. A million
//! vectors of 384 numbers are 1.5 GB to read; beyond that a database with an index for vectors is the answer.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use windlass_core::error::{ErrorCode, Failure};

use super::vector::Vector;

/// Most hits of one search.
pub const MAX_HITS: usize = 1_000;
/// Numbers that are added side by side: what a register of a CPU of today holds.
const LANES: usize = 8;

/// A vector that is near.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit<T> {
    /// Whose it is.
    pub id: T,
    /// -1 (opposite) to 1 (the same direction); 0 where one of them has no direction.
    pub score: f32,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    /// The best first; of equals the smaller id first.
    pub hits: Vec<Hit<T>>,
    /// Rows with another number of dimensions: made by another model, to be embedded again.
    pub other_dimensions: usize,
}

/// The `most` nearest of the rows whose score is at least `least`. Memory: `most` hits.
///
/// # Errors
/// `invalid_field` when more than [`MAX_HITS`] are asked for.
pub fn nearest<T: Ord, B: AsRef<[u8]>>(
    query: &Vector,
    rows: impl IntoIterator<Item = (T, B)>,
    most: usize,
    least: f32,
) -> Result<Found<T>, Failure> {
    if most > MAX_HITS {
        let detail = format!("a search finds at most {MAX_HITS}");
        return Err(Failure::new(ErrorCode::InvalidField, detail));
    }
    let length = length(query.numbers());
    let mut best = BinaryHeap::with_capacity(most + 1);
    let mut other_dimensions = 0;
    for (id, bytes) in rows {
        let bytes = bytes.as_ref();
        if bytes.len() != query.dimensions() * 4 {
            other_dimensions += 1;
            continue;
        }
        let score = cosine(query.numbers(), length, bytes);
        // Also refuses what is no number.
        if score >= least {
            best.push(Reverse(Ranked(Hit { id, score })));
            if best.len() > most {
                best.pop();
            }
        }
    }
    let hits = best.into_sorted_vec().into_iter().map(|Reverse(Ranked(hit))| hit);
    Ok(Found {
        hits: hits.collect(),
        other_dimensions,
    })
}

/// The cosine between a query and stored bytes of the same dimension.
fn cosine(query: &[f32], length: f32, bytes: &[u8]) -> f32 {
    let (numbers, _) = bytes.as_chunks::<4>();
    let (mut products, mut squares) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (query_lanes, query_rest) = query.as_chunks::<LANES>();
    let (stored_lanes, stored_rest) = numbers.as_chunks::<LANES>();
    for (asked, stored) in query_lanes.iter().zip(stored_lanes) {
        for lane in 0..LANES {
            let number = f32::from_le_bytes(stored[lane]);
            products[lane] += asked[lane] * number;
            squares[lane] += number * number;
        }
    }
    let (mut product, mut square) = (products.iter().sum::<f32>(), squares.iter().sum::<f32>());
    for (asked, stored) in query_rest.iter().zip(stored_rest) {
        let number = f32::from_le_bytes(*stored);
        product += asked * number;
        square += number * number;
    }
    let both = length * square.sqrt();
    if both == 0.0 {
        return 0.0;
    }
    (product / both).clamp(-1.0, 1.0)
}

fn length(numbers: &[f32]) -> f32 {
    numbers.iter().map(|number| number * number).sum::<f32>().sqrt()
}

/// Orders hits: the greater is the better one.
struct Ranked<T>(Hit<T>);

impl<T: Ord> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .score
            .total_cmp(&other.0.score)
            .then_with(|| other.0.id.cmp(&self.0.id))
    }
}

impl<T: Ord> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Ranked<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vector(numbers: &[f32]) -> Vector {
        Vector::new(numbers.to_vec()).expect("a vector")
    }

    #[test]
    fn the_nearest_come_first_and_equals_by_id() {
        let rows: Vec<(u32, Vec<u8>)> = [
            [1.0, 0.0],
            [0.0, 1.0],
            [2.0, 2.0],
            [-1.0, 0.0],
            [5.0, 0.0],
            [0.0, 0.0],
        ]
        .iter()
        .enumerate()
        .map(|(i, numbers)| (i as u32, vector(numbers).to_bytes()))
        .collect();
        let query = vector(&[3.0, 0.0]);
        let found = nearest(&query, rows.clone(), 10, -1.0).expect("found");
        let ids: Vec<u32> = found.hits.iter().map(|hit| hit.id).collect();
        assert_eq!(ids, [0, 4, 2, 1, 5, 3]);
        assert_eq!((found.hits[0].score, found.hits[5].score), (1.0, -1.0));
        let two = nearest(&query, rows.clone(), 2, 0.5).expect("found");
        assert_eq!(two.hits, found.hits[..2]);
        assert_eq!(nearest(&query, rows.clone(), 0, -1.0).expect("found").hits, []);
        assert!(nearest(&query, rows, MAX_HITS + 1, 0.0).is_err());
    }

    #[test]
    fn rows_of_another_model_are_counted_and_broken_ones_are_no_hit() {
        let nan = [f32::NAN.to_le_bytes(), 1.0f32.to_le_bytes()].concat();
        let rows = [(1, vec![0; 4]), (2, vec![0; 7]), (3, Vec::new()), (4, nan)];
        let found = nearest(&vector(&[1.0, 1.0]), rows, 5, -1.0).expect("found");
        assert_eq!((found.hits.len(), found.other_dimensions), (0, 3));
    }

    proptest! {
        // Against the plain way: all scores in f64, sorted.
        #[test]
        fn a_bounded_search_finds_what_sorting_all_finds(
            rows in prop::collection::vec(prop::collection::vec(-10.0f32..10.0, 19), 0..60),
            query in prop::collection::vec(-10.0f32..10.0, 19),
            most in 0usize..20,
        ) {
            let exact = |row: &[f32]| {
                let dot: f64 = row.iter().zip(&query).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
                let both = norm(row) * norm(&query);
                if both > 0.0 { dot / both } else { 0.0 }
            };
            let stored = rows.iter().enumerate().map(|(i, row)| (i, vector(row).to_bytes()));
            let found = nearest(&vector(&query), stored, most, -1.0).expect("found");
            prop_assert_eq!(found.hits.len(), most.min(rows.len()));
            let mut all: Vec<f64> = rows.iter().map(|row| exact(row)).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            for (hit, best) in found.hits.iter().zip(all) {
                prop_assert!((f64::from(hit.score) - exact(&rows[hit.id])).abs() < 1e-5);
                prop_assert!((f64::from(hit.score) - best).abs() < 1e-5);
            }
        }
    }
}
