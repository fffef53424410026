//! Reusable pieces that know no page.
