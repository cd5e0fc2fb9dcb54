import express from "express";

const app = express();
app.use(express.static("dist"));
app.listen(8080, "127.0.0.1");
