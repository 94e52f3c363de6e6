//! Closed sets that only the queue knows, as words.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $set:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stored word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = windlass_core::states::UnknownState;
            fn from_str(s: &str) -> Result<Self, windlass_core::states::UnknownState> {
                Self::ALL.iter().copied().find(|v| v.as_str() == s)
                    .ok_or_else(|| windlass_core::states::UnknownState { machine: $set, word: s.chars().take(40).collect() })
            }
        }
    };
}
pub(crate) use words;
