plugins {
    id("org.springframework.boot") version "2.5.4"
    kotlin("jvm") version "1.5.21"
}

dependencies {
    implementation("org.springframework.boot:spring-boot-starter-webflux")
}
