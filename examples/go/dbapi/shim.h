// What this driver has C do in one call, for cgo makes each call dear: a statement is one, a block of rows another.
#ifndef GO_SHIM_H
#define GO_SHIM_H

#include <dbapi.h>

// What a call brings back.
typedef struct {
	dbapi_cursor_t *cursor;
	dbapi_error_t *error;
	const dbapi_column_t *columns;
	size_t ncolumns;
	const dbapi_value_t *rows;
	size_t nrows;
	int64_t rowcount;
	int32_t transaction;
	int32_t closed;
} go_result;

static inline dbapi_status_t go_fetch(size_t block, go_result *result)
{
	result->nrows = 0;
	return dbapi_fetchmany(result->cursor, block, &result->rows, &result->nrows, &result->error);
}

static inline void go_state(dbapi_connection_t *connection, go_result *result)
{
	result->transaction = dbapi_connection_transaction_status(connection);
	result->closed = dbapi_connection_closed(connection);
}

// The next rows of a streamed result; block 0: all of them. timeout is in milliseconds; -1: as it was.
static inline dbapi_status_t go_receive(dbapi_connection_t *connection, int64_t timeout, size_t block,
	go_result *result)
{
	dbapi_status_t status = DBAPI_OK;
	result->nrows = 0;
	if (timeout >= 0)
		status = dbapi_cursor_set_timeout(result->cursor, timeout, &result->error);
	if (!status)
		status = block ? go_fetch(block, result)
			: dbapi_fetchall(result->cursor, &result->rows, &result->nrows, &result->error);
	result->rowcount = dbapi_rowcount(result->cursor);
	go_state(connection, result);
	return status;
}

// Ends a streamed result.
static inline dbapi_status_t go_end(dbapi_connection_t *connection, int64_t timeout, go_result *result)
{
	if (timeout >= 0)
		(void)dbapi_cursor_set_timeout(result->cursor, timeout, NULL);
	dbapi_status_t status = dbapi_cursor_close(result->cursor, &result->error);
	dbapi_cursor_free(result->cursor);
	result->cursor = NULL;
	go_state(connection, result);
	return status;
}

// The columns, if the result has any, and the first rows.
static inline dbapi_status_t go_describe(size_t block, go_result *result)
{
	result->columns = dbapi_description(result->cursor, &result->ncolumns);
	result->nrows = 0;
	dbapi_status_t status = DBAPI_OK;
	if (result->columns && block)
		status = go_fetch(block, result);
	result->rowcount = dbapi_rowcount(result->cursor);
	return status < 0 ? status : DBAPI_OK; // Having no rows is not having no result.
}

// Goes to the next result. DBAPI_DONE: there is none.
static inline dbapi_status_t go_nextset(size_t block, go_result *result)
{
	dbapi_status_t status = dbapi_nextset(result->cursor, &result->error);
	return status == DBAPI_OK ? go_describe(block, result) : status;
}

// Runs a statement on a cursor of its own, which is kept if rows are wanted: block is how many.
static inline dbapi_status_t go_execute(dbapi_connection_t *connection, const char *sql, const dbapi_value_t *params,
	size_t nparams, int64_t timeout, bool all_results, bool stream, size_t block, go_result *result)
{
	dbapi_cursor_t *cursor = NULL;
	dbapi_status_t status = dbapi_cursor(connection, &cursor, &result->error);
	if (!status)
		status = dbapi_cursor_set_paramstyle(cursor, DBAPI_PARAMSTYLE_NUMERIC, &result->error);
	if (!status && timeout >= 0)
		status = dbapi_cursor_set_timeout(cursor, timeout, &result->error);
	if (!status && all_results)
		status = dbapi_cursor_set_all_results(cursor, true, &result->error);
	if (!status && stream)
		status = dbapi_cursor_set_stream(cursor, true, &result->error);
	if (!status)
		status = dbapi_execute(cursor, sql, params, nparams, &result->error);
	result->cursor = cursor;
	if (!status)
		status = go_describe(block, result);
	if (status < 0 || !block) {
		dbapi_cursor_free(cursor);
		result->cursor = NULL;
	}
	go_state(connection, result);
	return status;
}

#endif
