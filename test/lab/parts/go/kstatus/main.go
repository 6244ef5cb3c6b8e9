// Says what kstatus makes of an object: the library by which Flux and Helm 4 wait. The object comes as JSON on standard input.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	result, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s: %s\n", result.Status, result.Message)
}

func read(in io.Reader) (*status.Result, error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	return status.Compute(object)
}
