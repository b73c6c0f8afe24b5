//! webex-cards
