package config

type Settings struct {
	Port        string `env:"HTTP_PORT" envDefault:"4000"`
	DatabaseURL string `env:"DATABASE_URL,required"`
}

func Load() Settings { return Settings{} }
