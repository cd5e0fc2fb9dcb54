var app = WebApplication.Create();
app.Run("http://localhost:5005");
