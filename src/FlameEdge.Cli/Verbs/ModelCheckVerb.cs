using System.CommandLine;
using System.Globalization;
using FlameEdge.Agent;
using FlameEdge.Cli.Output;
using FlameEdge.Onnx.Inspection;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>model check</c>: are the gradients that training would use those of the model?</summary>
internal static class ModelCheckVerb
{
    public static Command Create()
    {
        var verb = new Command("check", "Compare the gradients of a model with slopes measured by moving its parameters.");
        var arguments = new ModelArguments(verb);
        var input = new Option<string[]>("--input") { Description = "NAME=4x1x28x28: sizes of an input that the file leaves open; may be given several times", HelpName = "NAME=SIZES" };
        input.Validators.Add(option =>
        {
            foreach (var text in option.Tokens.Select(token => token.Value).Where(text => Sizes(text) is null))
            {
                option.AddError($"--input {text}: write the input's name and its sizes, such as image=4x1x28x28");
            }
        });
        verb.Add(input);
        verb.SetAction(parsed =>
        {
            var shapes = (parsed.GetValue(input) ?? []).ToDictionary(text => text[..text.LastIndexOf('=')], text => (IReadOnlyList<long>)Sizes(text)!, StringComparer.Ordinal); // checked above
            var slopes = GradientCheck.Of(arguments.Path(parsed), shapes);
            (arguments.IsJson(parsed) ? (Action<TextWriter, IReadOnlyList<SlopeReport>>)WriteJson : WriteTable)(parsed.InvocationConfiguration.Output, slopes);
            return slopes.All(slope => slope.IsRight) ? ExitCode.Ok : ExitCode.BadData;
        });
        return verb;
    }

    private static void WriteTable(TextWriter output, IReadOnlyList<SlopeReport> slopes)
    {
        var table = Terminal.Table("tensor", "slope by gradient", "slope measured", "difference", "");
        foreach (var slope in slopes)
        {
            var words = slope is { Computed: 0, Measured: 0 } ? "no gradient reaches it" : slope.IsRight ? "right" : "WRONG";
            table.AddRow(Markup.Escape(slope.Name), Figure(slope.Computed), Figure(slope.Measured), slope.Error.ToString("P2", CultureInfo.InvariantCulture), words);
        }

        Terminal.Show(output, table);
        var wrong = slopes.Count(slope => !slope.IsRight);
        output.WriteLine(wrong == 0
            ? $"the gradients of all {slopes.Count} tensors agree with the model"
            : $"the gradients of {wrong} of {slopes.Count} tensors are more than {GradientCheck.Tolerance:P0} off");
    }

    private static void WriteJson(TextWriter output, IReadOnlyList<SlopeReport> slopes)
    {
        using var text = new JsonText(output);
        var json = text.Json;
        json.WriteStartObject();
        json.WriteBoolean("isRight", slopes.All(slope => slope.IsRight));
        json.WriteNumber("tolerance", GradientCheck.Tolerance);
        json.WriteStartArray("tensors");
        foreach (var slope in slopes)
        {
            json.WriteStartObject();
            json.WriteString("name", slope.Name);
            json.WriteNumber("computed", slope.Computed);
            json.WriteNumber("measured", slope.Measured);
            json.WriteNumber("error", slope.Error);
            json.WriteBoolean("isRight", slope.IsRight);
            json.WriteEndObject();
            text.Drain();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Figure(double value) => value.ToString("0.######E+0", CultureInfo.InvariantCulture);

    private static long[]? Sizes(string text)
    {
        var parts = text[(text.LastIndexOf('=') + 1)..].Split('x');
        var sizes = new long[parts.Length];
        return text.LastIndexOf('=') > 0 && parts.Select((part, at) => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out sizes[at]) && sizes[at] > 0).All(isSize => isSize)
            ? sizes
            : null;
    }
}
