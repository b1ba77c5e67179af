//! What is staged, without a client.
