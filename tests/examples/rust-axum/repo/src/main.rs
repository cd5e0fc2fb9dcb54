use axum::{routing::get, Router};

#[tokio::main]
async fn main() {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_string());
    let _db = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    let app = Router::new().route("/", get(|| async { "tasks" }));
    let listener = tokio::net::TcpListener::bind(format!("0.0.0.0:{port}")).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}

#[cfg(test)]
mod tests {
    const URL: &str = "http://127.0.0.1:9999";
}
