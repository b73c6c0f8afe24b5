//! device-dialect
