//! The types of the Mobiscroll Connect wire: requests and answers, without I/O.
