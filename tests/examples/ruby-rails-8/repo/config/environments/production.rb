Rails.application.configure do
  config.assume_ssl = true
  config.force_ssl = true
end
