import org.springframework.boot.runApplication

fun main(args: Array<String>) {
    runApplication<Any>(*args)
}
