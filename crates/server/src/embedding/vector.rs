//! A vector and its bytes.

use windlass_core::error::{ErrorCode, Failure};

/// Most numbers of a vector; the largest models have 8,192.
pub const MAX_DIMENSIONS: usize = 16_384;

/// Finite numbers, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector(Vec<f32>);

impl Vector {
    /// From numbers.
    ///
    /// # Errors
    /// `processing_failed` for none or too many, or one that is not finite.
    pub fn new(numbers: Vec<f32>) -> Result<Self, Failure> {
        let bad = |what: String| Err(Failure::new(ErrorCode::ProcessingFailed, what));
        if numbers.is_empty() || numbers.len() > MAX_DIMENSIONS {
            return bad(format!("a vector of {} numbers", numbers.len()));
        }
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(at) => bad(format!("number {at} of a vector is not finite")),
            None => Ok(Self(numbers)),
        }
    }

    /// From stored bytes.
    ///
    /// # Errors
    /// `processing_failed` for bytes that [`Vector::to_bytes`] does not make.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            let detail = format!("a vector of {} bytes", bytes.len());
            return Err(Failure::new(ErrorCode::ProcessingFailed, detail));
        }
        Self::new(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }

    /// As it is stored: each number as 4 bytes, the least first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Its numbers.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }

    /// How many there are.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_come_back_as_they_were(numbers in prop::collection::vec(-1e30f32..1e30, 1..600)) {
            let vector = Vector::new(numbers).expect("finite");
            let bytes = vector.to_bytes();
            prop_assert_eq!(bytes.len(), vector.dimensions() * 4);
            prop_assert_eq!(Vector::from_bytes(&bytes), Ok(vector));
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            if let Ok(vector) = Vector::from_bytes(&bytes) {
                prop_assert_eq!(vector.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        for bad in [
            vec![],
            vec![f32::NAN],
            vec![1.0, f32::INFINITY],
            vec![0.0; MAX_DIMENSIONS + 1],
        ] {
            assert!(Vector::new(bad).is_err());
        }
        assert_eq!(
            Vector::new(vec![1.0, -2.0]).expect("fine").to_bytes(),
            [0, 0, 128, 63, 0, 0, 0, 192]
        );
    }
}
