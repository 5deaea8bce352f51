//! trocar-campaign
