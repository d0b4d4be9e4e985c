//! Armor.
