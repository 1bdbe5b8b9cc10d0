package dbapi

/*
#include <dbapi.h>
*/
import "C"

import (
	"context"
	"time"
)

// A Notification is what another session's NOTIFY sent to a channel that this one LISTENs to.
type Notification struct {
	PID              int // of the server's process that sent it
	Channel, Payload string
}

// WaitForNotification waits for the next notification. The connection is had so:
//
//	err := conn.Raw(func(c any) error { n, err := c.(*dbapi.Conn).WaitForNotification(ctx) ... })
func (c *Conn) WaitForNotification(ctx context.Context) (*Notification, error) {
	for len(c.notifications) == 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		milliseconds := int64(-1)
		if deadline, ok := ctx.Deadline(); ok {
			milliseconds = time.Until(deadline).Milliseconds() + 1
		}
		w := c.watch(ctx)
		_, err := c.receive(milliseconds)
		cause := w.stop()
		switch {
		case err == nil:
		case cause != nil && !c.broken:
			return nil, cause
		default:
			return nil, err
		}
	}
	first := c.notifications[0]
	c.notifications = c.notifications[1:]
	return first, nil
}

// receive keeps the next notification, and tells whether there was one.
func (c *Conn) receive(milliseconds int64) (bool, error) {
	var from *C.dbapi_notify_t
	err := c.run(func() C.dbapi_status_t {
		return C.dbapi_connection_wait_notify(c.handle, C.int64_t(milliseconds), &from, &c.result.error)
	})
	if err != nil || from == nil {
		return false, err
	}
	defer C.dbapi_notify_free(from)
	c.notifications = append(c.notifications, &Notification{int(C.dbapi_notify_pid(from)),
		C.GoString(C.dbapi_notify_channel(from)), C.GoString(C.dbapi_notify_payload(from))})
	return true, nil
}

// Notices takes the notices and warnings that the server has sent, oldest first, of the last 50.
func (c *Conn) Notices() []*Error {
	var notices []*Error
	for {
		var notice *C.dbapi_error_t
		if C.dbapi_connection_notice(c.handle, &notice, nil) != C.DBAPI_OK {
			return notices
		}
		notices = append(notices, taken(notice))
	}
}
