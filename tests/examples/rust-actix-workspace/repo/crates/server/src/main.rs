use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    store::open();
    HttpServer::new(|| App::new()).bind(("127.0.0.1", 8088))?.run().await
}
