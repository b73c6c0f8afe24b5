//! yang-schema
