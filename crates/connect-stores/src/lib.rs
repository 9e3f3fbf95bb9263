//! Token stores for Mobiscroll Connect that outlive a process.
