using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Cli.Output;
using FlameEdge.Onnx.Inspection;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>model inspect</c>: what an ONNX file holds, what of it would be learned, and what is in the way.</summary>
internal static class ModelInspectVerb
{
    public static Command Create()
    {
        var verb = new Command("inspect", "Show a model's layers, its parameters, what would be learned, and what has no gradient rule.");
        var arguments = new ModelArguments(verb);
        verb.SetAction(parsed =>
        {
            var report = ModelInspection.Of(arguments.Path(parsed));
            (arguments.IsJson(parsed) ? (Action<TextWriter, ModelReport>)WriteJson : WriteTable)(parsed.InvocationConfiguration.Output, report);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void WriteTable(TextWriter output, ModelReport report)
    {
        var table = Terminal.Table("node", "operator", "output", "tensors", "values", "gradient");
        foreach (var node in report.Nodes)
        {
            table.AddRow(
                Markup.Escape(node.Name),
                Markup.Escape(node.Operator),
                Markup.Escape(node.Shape is null ? "?" : ModelText.Shape(node.Shape)),
                Markup.Escape(string.Join("\n", node.Tensors.Select(tensor => $"{tensor.Name} {ModelText.Shape(tensor.Shape)}"))),
                string.Join("\n", node.Tensors.Select(tensor => $"{ModelText.Count(tensor):N0} {ModelText.Use(tensor.Use)}")),
                ModelText.Gradient(node.Gradient));
        }

        Terminal.Show(output, table);
        output.WriteLine($"{report.Name}: opset {report.Opset}{(report.Producer.Length > 0 ? $", by {report.Producer}" : "")}");
        output.WriteLine($"takes {Values(report.Inputs)}; gives {Values(report.Outputs)}");
        output.WriteLine($"{report.Trainable:N0} values to learn, {report.Buffers:N0} running statistics, {report.Constant:N0} constants");
        output.WriteLine(report.Obstacle ?? "it can be trained");
    }

    private static void WriteJson(TextWriter output, ModelReport report)
    {
        using var text = new JsonText(output);
        var json = text.Json;
        json.WriteStartObject();
        json.WriteString("name", report.Name);
        json.WriteString("producer", report.Producer);
        json.WriteNumber("opset", report.Opset);
        WriteValues("inputs", report.Inputs);
        WriteValues("outputs", report.Outputs);
        json.WriteStartArray("nodes");
        foreach (var node in report.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("name", node.Name);
            json.WriteString("operator", node.Operator);
            ModelText.WriteShape(json, "shape", node.Shape);
            json.WriteString("gradient", ModelText.Gradient(node.Gradient));
            json.WriteStartArray("tensors");
            foreach (var tensor in node.Tensors)
            {
                json.WriteStartObject();
                json.WriteString("name", tensor.Name);
                ModelText.WriteShape(json, "shape", tensor.Shape);
                json.WriteString("use", ModelText.Use(tensor.Use));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            text.Drain();
        }

        json.WriteEndArray();
        json.WriteNumber("trainable", report.Trainable);
        json.WriteNumber("buffers", report.Buffers);
        json.WriteNumber("constant", report.Constant);
        json.WriteString("obstacle", report.Obstacle);
        json.WriteEndObject();

        void WriteValues(string name, IReadOnlyList<ValueReport> values)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteStartObject();
                json.WriteString("name", value.Name);
                json.WriteString("type", value.Type);
                ModelText.WriteShape(json, "shape", value.Shape);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    private static string Values(IReadOnlyList<ValueReport> values) => string.Join(", ", values.Select(value => $"{value.Name}: {value.Type} {ModelText.Shape(value.Shape)}"));
}
