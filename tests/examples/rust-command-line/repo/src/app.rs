fn main() {
    let _client = hyper::client::conn::http1::handshake;
}
