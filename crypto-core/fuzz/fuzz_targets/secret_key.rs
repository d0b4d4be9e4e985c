#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| crypto_core_fuzz::secret_key(bytes));
