package devcontainer

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// complaint is one row of the procedure's symptom matrix: what a person sees, and
// the checks that find out why.
type complaint struct {
	number  int
	symptom procedure.Text
	cause   procedure.Text // the most likely one
	asks    []string       // codes of checks; a trailing * stands for the rest
	first   string         // what to type when the checks find nothing
}

// matrix is the symptom matrix of PROCED-INFRA-005. Where the written procedure
// proposes what does harm (a recursive chmod, prune of everything) the way that
// does none stands here.
func matrix() []complaint {
	row := func(number int, es, en, causeES, causeEN, first string, asks ...string) complaint {
		return complaint{number, procedure.Text{ES: es, EN: en}, procedure.Text{ES: causeES, EN: causeEN}, asks, first}
	}
	return []complaint{
		row(1, "No se puede conectar al contenedor", "Cannot connect to container", "no corre, o el motor no responde", "it does not run, or the engine does not answer",
			"devcontainer up --workspace-folder DIR", "DC-STA-*", "DC-CFG-*", "DC-VOL-007", "DC-PRM-001", "DC-EXT-*"),
		row(2, "Montaje rechazado", "Mount refused", "el origen falta, o sus permisos", "its source is missing, or its rights",
			"docker inspect -f '{{json .Mounts}}' CONTAINER", "DC-VOL-*", "DC-PRM-*"),
		row(3, "Red no disponible", "Network unavailable", "nombres (DNS) o salida", "names (DNS), or the way out",
			"docker exec CONTAINER cat /etc/resolv.conf", "DC-NET-*"),
		row(4, "Sin memoria", "Out of memory", "el límite del contenedor, o la máquina", "the limit of the container, or the machine",
			"docker stats --no-stream", "DC-STA-004", "DC-RES-003", "DC-RES-004", "DC-RES-011", "DC-RES-013"),
		row(5, "Disco lleno", "Disk full", "el disco de los datos del motor, o uno de dentro", "the disk of the engine's data, or one inside",
			"docker system df -v", "DC-RES-001", "DC-RES-002", "DC-RES-009", "DC-RES-010", "DC-RES-012"),
		row(6, "E/S lenta", "Slow I/O", "el montaje compartido es lento; un volumen con nombre no lo es", "the shared mount is slow; a named volume is not",
			"docker stats --no-stream", "DC-PRF-*", "DC-RES-003"),
		row(7, "Conflicto de puertos", "Port conflict", "otro proceso o contenedor tiene el puerto", "another process or container has the port",
			"ss -ltnp", "DC-NET-010", "DC-NET-011", "DC-NET-012"),
		row(8, "Error de extensiones", "Extension error", "el servidor de VS Code, o una extensión que no encaja", "the server of VS Code, or an extension that does not fit",
			"devcontainer:debug", "DC-EXT-*", "DC-EXTENSION", "DC-PRM-003"),
		row(9, "CPU alta", "High CPU", "un proceso desbocado, o un límite bajo", "a process that ran away, or a low limit",
			"docker top CONTAINER", "DC-PRF-007", "DC-RES-005", "DC-RES-006"),
		row(10, "No se puede descargar la imagen", "Can't pull image", "conexión o credenciales", "the connection, or the login",
			"docker login", "DC-STA-012", "DC-STA-013", "DC-NET-004", "DC-NET-005", "DC-NET-007"),
	}
}

// matrixTarget shows the matrix, or asks the checks of one of its rows.
const matrixTarget = "devcontainer:matrix"

// showMatrix is devcontainer:matrix -symptom=N|WORDS.
func (r *Room) showMatrix(ctx context.Context, w *procedure.Work) error {
	r.mu.Lock()
	asked := r.pick.Symptom
	r.mu.Unlock()
	if asked == "" {
		rows := matrix()
		w.Publish(views(rows, w.Lang), func(to io.Writer) { writeMatrix(to, rows, w.Lang) })
		return nil
	}
	row, err := choose(asked)
	if err != nil {
		return err
	}
	var some []doctor.Check
	for _, c := range checks("") {
		if strings.HasPrefix(c.Code, "DC-ENG-") || doctor.Fits(row.asks, c.Code) {
			some = append(some, c)
		}
	}
	report, pick, err := r.examine(ctx, w, matrixTarget, some)
	if err != nil {
		return err
	}
	if report.State() == doctor.OK {
		w.Say.Info("%s: %s", row.cause.In(w.Lang), row.first)
	}
	return r.publish(w, report, pick)
}

// choose is the row that a person means: its number, or words of it.
func choose(asked string) (complaint, error) {
	rows := matrix()
	if n, err := strconv.Atoi(asked); err == nil && n >= 1 && n <= len(rows) {
		return rows[n-1], nil
	}
	words := strings.Fields(strings.ToLower(asked))
	best, most := complaint{}, 0
	for _, row := range rows {
		of := strings.Fields(strings.ToLower(row.symptom.ES + " " + row.symptom.EN + " " + row.cause.ES + " " + row.cause.EN))
		hits := 0
		for _, word := range words {
			if slices.Contains(of, word) {
				hits++
			}
		}
		if hits > most {
			best, most = row, hits
		}
	}
	if most == 0 {
		return best, fault.New(fault.Usage, "-symptom=1 to 10, or words of a symptom; devcontainer:matrix lists them", fmt.Errorf("choose symptom %q: there is none", asked))
	}
	return best, nil
}

// complaintView is a row as JSON.
type complaintView struct {
	Number  int      `json:"number"`
	Symptom string   `json:"symptom"`
	Cause   string   `json:"cause"`
	Checks  []string `json:"checks"`
	First   string   `json:"first"`
	Next    string   `json:"next"`
}

func views(rows []complaint, lang string) []complaintView {
	var all []complaintView
	for _, row := range rows {
		var codes []string
		for _, c := range checks("") {
			if doctor.Fits(row.asks, c.Code) {
				codes = append(codes, c.Code)
			}
		}
		all = append(all, complaintView{row.number, row.symptom.In(lang), row.cause.In(lang), codes, row.first, fmt.Sprintf("%s -symptom=%d", matrixTarget, row.number)})
	}
	return all
}

func writeMatrix(to io.Writer, rows []complaint, lang string) {
	table := tabwriter.NewWriter(to, 0, 4, 2, ' ', 0)
	for _, v := range views(rows, lang) {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", v.Number, v.Symptom, v.Cause, v.Next)
	}
	_ = table.Flush() // a result that cannot be written is the console's to tell
}
