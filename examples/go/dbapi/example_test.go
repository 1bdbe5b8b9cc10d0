// README.md's first program.
package dbapi_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"libdbapi/dbapi"
)

func Example() {
	// What the connection string leaves out comes from PGHOST and the like.
	db, err := sql.Open("dbapi", "application_name=example")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback()
	if _, err = tx.Exec("CREATE TABLE go_example (id int PRIMARY KEY, data text)"); err != nil {
		log.Fatal(err)
	}
	if _, err = tx.Exec("INSERT INTO go_example VALUES ($1, $2)", 100, "abc'def"); err != nil {
		log.Fatal(err)
	}
	var data []string
	if err = tx.QueryRow("SELECT array_agg(data) FROM go_example WHERE id = ANY($1)", []int{100}).
		Scan(dbapi.Array(&data)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(data)
	_, err = tx.Exec("INSERT INTO go_example VALUES ($1, $2)", 100, "again")
	var e *dbapi.Error
	if errors.Is(err, dbapi.IntegrityError) && errors.As(err, &e) {
		fmt.Println(e.SQLSTATE, e.Condition, e.Constraint)
	}
	// Output:
	// [abc'def]
	// 23505 unique_violation go_example_pkey
}

// README.md shows this very program.
func TestReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(readme), "func main() {")
	shown, _, _ = strings.Cut(shown, "\n}\n")
	if shown == "" || !strings.Contains(string(own), shown) {
		t.Error("README.md and example_test.go differ")
	}
}
