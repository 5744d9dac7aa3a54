package cluster

// WholeVariable set to 1 has a test try every point of its loops, of which it samples some otherwise: test:slow sets it.
const WholeVariable = "IACT_TEST_WHOLE"
