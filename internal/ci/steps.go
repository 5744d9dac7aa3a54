package ci

import (
	"time"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/procedure"
)

// Procedure is PROCED-INFRA-003 as a table. Reading it is reading the procedure;
// the work of a step is in the file named after its noun.
//
// The stages stand beside each other: what a job waits for is said by the job, so
// that the tests of one component do not wait for the installation of another.
func (r *Room) Procedure() procedure.Procedure {
	return procedure.Procedure{
		Code: "PROCED-INFRA-003", Namespace: "ci",
		Title: procedure.Text{ES: "Ejecutar la pipeline de CI/CD", EN: "Run the CI/CD pipeline"},
		All: [][]string{
			{"ci:check"}, {"ci:checkout"}, {"ci:env"},
			{"ci:deps", "ci:unit", "ci:lint", "ci:build", "ci:artifacts", "ci:integration"},
			{"ci:report"},
		},
		Steps: []procedure.Step{
			{
				Number: 1, Target: "ci:check",
				Title:    procedure.Text{ES: "Comprobar la máquina: ¿puede ejecutar la pipeline?", EN: "Check the machine: can it run the pipeline?"},
				ReadOnly: true,
				Run:      r.check,
				Estimate: seconds(1, 15),
			},
			{
				Number: 2, Target: "ci:checkout",
				Title:    procedure.Text{ES: "Clonar o actualizar, sin perder trabajo local", EN: "Clone or update, and lose no local work"},
				Run:      r.update,
				Validate: r.updated,
				Undo:     r.downdate,
				Undone:   r.downdated,
				Estimate: seconds(1, 600),
				Symptoms: []string{"G08", "G05", "G01", "G09", "G02", "G03", "G04", "T12", "G06", "G07", "G11", "G10"},
			},
			{
				Number: 3, Target: "ci:deps",
				Title:    procedure.Text{ES: "Instalar dependencias según los archivos de bloqueo", EN: "Install dependencies by their lock files"},
				Run:      r.stage(pipeline.Deps),
				Validate: r.proved(pipeline.Deps),
				NoUndo:   madeAgain(),
				Estimate: seconds(5, 1800),
				Symptoms: []string{"C11", "C36", "C37", "C01", "C22", "C15", "C35", "C23", "C73", "C52", "C54", "C55", "C34", "C14", "P09", "C32", "C53", "C21", "C33"},
			},
			{
				Number: 4, Target: "ci:env",
				Title:    procedure.Text{ES: "Variables de entorno: .env según sus plantillas", EN: "Environment variables: .env by their templates"},
				Run:      r.variables,
				Validate: r.filled,
				Undo:     r.unfill,
				Undone:   r.unfilled,
				Estimate: seconds(0, 5),
				Symptoms: []string{"C59", "C64"},
			},
			{
				Number: 5, Target: "ci:unit",
				Title:    procedure.Text{ES: "Pruebas unitarias y su cobertura", EN: "Unit tests and their coverage"},
				Run:      r.stage(pipeline.Unit),
				Validate: r.proved(pipeline.Unit),
				NoUndo:   madeAgain(),
				Estimate: seconds(5, 1200),
				Symptoms: []string{"C29", "C12", "C18", "C25", "C40", "C41", "C57", "C20", "C60", "C59", "C56", "C58", "C13", "C62", "C44", "C43", "C42", "C39", "C06", "C07", "T10", "C73", "C02", "C31", "C70", "C19", "C10", "C71", "C72"},
			},
			{
				Number: 6, Target: "ci:lint",
				Title:    procedure.Text{ES: "Análisis estático y seguridad", EN: "Static analysis and security"},
				Run:      r.stage(pipeline.Lint),
				Validate: r.proved(pipeline.Lint),
				NoUndo:   madeAgain(),
				Estimate: seconds(2, 900),
				Symptoms: []string{"C73", "C08", "C47", "C45", "C46", "C65", "C29", "C38", "C19"},
			},
			{
				Number: 7, Target: "ci:build",
				Title:    procedure.Text{ES: "Construir artefactos", EN: "Build artefacts"},
				Run:      r.stage(pipeline.Build),
				Validate: r.proved(pipeline.Build),
				NoUndo:   madeAgain(),
				Estimate: seconds(5, 1800),
				Symptoms: []string{"C18", "C48", "C49", "C50", "C24", "C06", "T10", "C63", "C09", "D32", "D31", "D41", "D47", "C73", "C02", "C29", "C38"},
			},
			{
				Number: 8, Target: "ci:artifacts",
				Title:    procedure.Text{ES: "Validar artefactos: están, responden y pesan lo debido", EN: "Validate artefacts: they are there, answer, and weigh what they may"},
				Run:      r.stage(pipeline.Artifacts),
				Validate: r.proved(pipeline.Artifacts),
				NoUndo:   madeAgain(),
				Estimate: seconds(1, 900),
				Symptoms: []string{"C73", "D13", "D36", "C66", "T10", "D32", "C19"},
			},
			{
				Number: 9, Target: "ci:integration",
				Title:    procedure.Text{ES: "Pruebas de integración, con sus servicios", EN: "Integration tests, with their services"},
				Run:      r.stage(pipeline.Integration),
				Validate: r.proved(pipeline.Integration),
				NoUndo:   procedure.Text{ES: "Los servicios se retiran siempre al terminar.", EN: "The services are always taken down at the end."},
				Estimate: seconds(10, 1200),
				Symptoms: []string{"C03", "C04", "C05", "C16", "C51", "C43", "C26", "B25", "B35", "C62", "C61", "C59", "C64", "D13", "D36", "C66", "C30", "T10"},
			},
			{
				Number: 10, Target: "ci:report",
				Title:    procedure.Text{ES: "Informe: una página, JUnit, resumen y anotaciones", EN: "Report: one page, JUnit, summary and annotations"},
				Run:      r.report,
				Validate: r.reported,
				NoUndo:   procedure.Text{ES: "Un informe no estorba; se guardan los últimos veinte.", EN: "A report is in nobody's way; the last twenty are kept."},
				Estimate: seconds(0, 5),
				Symptoms: []string{"C73"},
			},
		},
		Extra: []procedure.Step{
			{
				Target: "ci:affected", Needs: []string{"ci:deps", "ci:unit", "ci:lint", "ci:build", "ci:artifacts", "ci:integration"},
				Title:    procedure.Text{ES: "Solo lo que alcanza un cambio", EN: "Only what a change reaches"},
				Run:      r.report,
				Validate: r.reported,
				NoUndo:   madeAgain(),
				Estimate: seconds(1, 1200),
			},
			{
				Target:   "ci:audit",
				Title:    procedure.Text{ES: "Comparar lo que un trabajo abre con lo que declara", EN: "Hold what a job opens against what it declares"},
				Run:      r.auditing,
				NoUndo:   madeAgain(),
				Validate: r.audits,
				Estimate: seconds(5, 1200),
				Symptoms: []string{"C69"},
			},
		},
	}
}

// symptoms are those that failures of jobs are held against first. Of several that
// are found one is shown, so the machine stands before what was installed on it,
// that before the configuration, and what tests say comes last.
func symptoms() []string {
	return []string{
		"C73", "C02", "C06", "C07", "T10", "C29",
		"C36", "C11", "C37", "C01", "C22", "C35", "C15", "C23", "C14", "P09", "C52", "C54", "C55", "C53",
		"C08", "C47", "C45", "C46", "C40", "C41", "C25", "C18", "C48", "C24",
		"C57", "C56", "C60", "C59", "C58", "C64", "C62", "C61", "C20",
		"C03", "C04", "C05", "C16", "C51", "C66", "C43", "C42", "C44", "C31",
	}
}

func madeAgain() procedure.Text {
	return procedure.Text{
		ES: "Lo que hace puede hacerse otra vez; ci:clean lo quita.",
		EN: "What it makes can be made again; ci:clean takes it away.",
	}
}

func seconds(least, most int) procedure.Span {
	return procedure.Span{Min: time.Duration(least) * time.Second, Max: time.Duration(most) * time.Second}
}
