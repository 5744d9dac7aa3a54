package backup

import (
	"time"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/procedure"
)

// Procedure is PROCED-INFRA-004 as a table. Reading it is reading the
// procedure; the work of a step is in the file named after its noun.
func (r *Room) Procedure() procedure.Procedure {
	databases := []string{source.KindPostgres, source.KindGlobals, source.KindMariaDB}
	return procedure.Procedure{
		Code: "PROCED-INFRA-004", Namespace: "backup",
		Title: procedure.Text{ES: "Respaldar y restaurar", EN: "Back up and restore"},
		All:   [][]string{{"backup:prepare"}, {"backup:db", "backup:config"}, {"backup:volumes"}, {"backup:vm"}, {"backup:seal"}, {"backup:verify"}},
		Steps: []procedure.Step{
			{
				Number: 1, Target: "backup:prepare",
				Title:    procedure.Text{ES: "Preparar el almacén y comprobar las fuentes", EN: "Prepare the store and check the sources"},
				Run:      r.prepare,
				Validate: r.prepared,
				NoUndo:   procedure.Text{ES: "Un almacén vacío no estorba.", EN: "An empty store is in nobody's way."},
				Plan:     r.planPrepare,
				Estimate: minutes(0, 5),
				Symptoms: []string{"B14", "B23", "B24", "B25", "B26", "B01"},
			},
			{
				// After the databases, which may be dumped out of a machine.
				Number: 2, Target: "backup:vm", Needs: []string{"backup:prepare"},
				Title:    procedure.Text{ES: "Respaldar las máquinas virtuales", EN: "Back up the virtual machines"},
				Run:      r.capture(source.KindVM),
				Validate: r.captured(source.KindVM),
				NoUndo:   addsOnly(),
				Plan:     r.planCapture(source.KindVM),
				Estimate: minutes(1, 10),
				Symptoms: []string{"B18", "V01"},
			},
			{
				Number: 3, Target: "backup:db", Needs: []string{"backup:prepare"},
				Title:    procedure.Text{ES: "Volcar las bases de datos", EN: "Dump the databases"},
				Run:      r.capture(databases...),
				Validate: r.captured(databases...),
				NoUndo:   addsOnly(),
				Plan:     r.planCapture(databases...),
				Estimate: minutes(15, 30),
				Symptoms: []string{"B01", "B06", "B10", "B11", "B14", "B15", "B16", "B17", "B18", "B27"},
			},
			{
				// After the databases: stopping a container must not cut a dump.
				Number: 4, Target: "backup:volumes", Needs: []string{"backup:prepare"},
				Title:    procedure.Text{ES: "Respaldar los volúmenes de Docker", EN: "Back up the Docker volumes"},
				Run:      r.captureVolumes,
				Validate: r.captured(source.KindVolume),
				NoUndo:   addsOnly(),
				Plan:     r.planCapture(source.KindVolume),
				Estimate: minutes(10, 20),
				Symptoms: []string{"D01", "D02", "D21", "D22", "B18"},
			},
			{
				Number: 5, Target: "backup:config", Needs: []string{"backup:prepare"},
				Title:    procedure.Text{ES: "Respaldar los archivos de configuración", EN: "Back up the configuration files"},
				Run:      r.capture(source.KindFiles),
				Validate: r.captured(source.KindFiles),
				NoUndo:   addsOnly(),
				Plan:     r.planCapture(source.KindFiles),
				Estimate: minutes(1, 5),
				Symptoms: []string{"B18"},
			},
			{
				Number: 6, Target: "backup:seal", Needs: []string{"backup:prepare"},
				Title:    procedure.Text{ES: "Sellar el conjunto: manifiesto, sumas y receta de restauración", EN: "Seal the set: manifest, checksums and restore recipe"},
				Run:      r.seal,
				Validate: r.isSealed,
				NoUndo:   addsOnly(),
				Plan:     r.planSeal,
				Estimate: minutes(0, 1),
				Symptoms: []string{"B18"},
			},
			{
				Number: 7, Target: "backup:verify",
				Title:    procedure.Text{ES: "Verificar el conjunto leyéndolo de nuevo", EN: "Verify the set by reading it back"},
				ReadOnly: true,
				Run:      r.verify,
				Validate: r.verified,
				Estimate: minutes(1, 10),
				Symptoms: []string{"B12", "B19", "B21", "B22"},
			},
			{
				Number: 8, Target: "backup:rotate",
				Title:    procedure.Text{ES: "Rotar: retirar los conjuntos que ninguna regla conserva", EN: "Rotate: remove the sets that no rule keeps"},
				Run:      r.rotate,
				Validate: r.rotated,
				NoUndo: procedure.Text{
					ES: "Lo retirado no vuelve: solo era lo que ninguna regla conserva; de cada fuente queda siempre el conjunto más nuevo en su mejor estado. -dry=true lo muestra antes.",
					EN: "What is removed is gone: it was only what no rule keeps, and of every source the newest set in its best state always stays. -dry=true shows it before.",
				},
				Plan:     r.planRotate,
				Estimate: minutes(0, 5),
				Symptoms: []string{"B18"},
			},
			{
				Number: 9, Target: "backup:restoreVM",
				Title:    procedure.Text{ES: "Restaurar una máquina virtual con un nombre nuevo, o probar que vuelve", EN: "Restore a virtual machine under a new name, or prove that it comes back"},
				Done:     r.machineCameBack,
				Run:      r.restoreVM,
				Validate: r.machineRestored,
				Undo:     r.undoRestoreVM,
				Undone:   r.restoreVMUndone,
				Plan:     r.planRestoreVM,
				Estimate: minutes(5, 30),
				Symptoms: []string{"B12", "B19", "V01"},
			},
			{
				Number: 10, Target: "backup:restoreDB",
				Title:    procedure.Text{ES: "Restaurar una base de datos: al lado, comparada, y solo entonces con su nombre", EN: "Restore a database: beside, compared, and only then under its name"},
				Done:     r.cameBack,
				Run:      r.restoreDB,
				Validate: r.restoredDB,
				Undo:     r.undoRestoreDB,
				Undone:   r.restoreDBUndone,
				Plan:     r.planRestoreDB,
				Estimate: minutes(5, 15),
				Symptoms: []string{"B02", "B03", "B04", "B05", "B14", "B25", "B26", "B12", "B19", "B63", "B66", "B70", "B74"},
			},
		},
		Extra: []procedure.Step{
			{
				Target:   "backup:restoreVolume",
				Title:    procedure.Text{ES: "Restaurar un volumen de Docker: al lado, comparado, y solo entonces con su nombre", EN: "Restore a Docker volume: beside, compared, and only then under its name"},
				Done:     r.volumeCameBack,
				Run:      r.restoreVolume,
				Validate: r.volumeRestored,
				Undo:     r.undoRestoreVolume,
				Undone:   r.restoreVolumeUndone,
				Plan:     r.planRestoreVolume,
				Estimate: minutes(1, 15),
				Symptoms: []string{"B12", "B19", "D21", "D01", "D02", "D22"},
			},
		},
	}
}

// addsOnly is why the steps that make a set need no undo.
func addsOnly() procedure.Text {
	return procedure.Text{
		ES: "Un respaldo solo añade un conjunto; uno inacabado no se lista y sirve a la próxima ejecución.",
		EN: "A backup only adds a set; an unfinished one is not listed and serves the next run.",
	}
}

func minutes(least, most int) procedure.Span {
	return procedure.Span{Min: time.Duration(least) * time.Minute, Max: time.Duration(most) * time.Minute}
}
