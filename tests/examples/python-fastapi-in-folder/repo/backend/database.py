GREETING = "from the backend folder"
