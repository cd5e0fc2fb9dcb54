Deno.cron("report", "0 * * * *", () => console.log(Deno.env.get("REPORT_TO")));
