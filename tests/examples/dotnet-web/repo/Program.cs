var builder = WebApplication.CreateBuilder(args);
var db = builder.Configuration.GetConnectionString("Shop");
var key = Environment.GetEnvironmentVariable("API_KEY") ?? throw new Exception("API_KEY");
var app = builder.Build();
app.MapGet("/", () => "shop");
app.Run();
