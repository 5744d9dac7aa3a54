package marialive

// exactly is the condition that a column of information_schema names this very
// database. Much of information_schema compares names as texts for people, so
// that shop is Shop, and senal is señal, where the server keeps them apart. The
// plain comparison stays, too: by it the server looks into one database only.
func exactly(column, database string) string {
	return column + " = " + quoteText(database) + " AND " + same(column, database)
}

// same is exactly where the server could not look into one database anyway.
func same(column, database string) string {
	return spelled(column) + " = " + spelled(quoteText(database))
}

// spelled is a name as the bytes by which this server tells it from others.
func spelled(name string) string {
	return "CAST(IF(@@lower_case_table_names = 0, " + name + ", LOWER(" + name + ")) AS BINARY)"
}
