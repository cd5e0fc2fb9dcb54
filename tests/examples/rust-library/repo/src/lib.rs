pub fn slug() {}
