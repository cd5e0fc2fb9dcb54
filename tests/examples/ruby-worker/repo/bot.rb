require "discordrb"

bot = Discordrb::Bot.new(token: ENV.fetch("TOKEN"))
bot.run
