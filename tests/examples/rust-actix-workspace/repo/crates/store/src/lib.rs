pub fn open() {
    std::env::var("STORE_PATH").unwrap();
}
