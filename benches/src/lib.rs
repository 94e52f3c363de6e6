//! Side by side with the machine's floor and other uploaders.
