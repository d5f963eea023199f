using System.CommandLine;

namespace FlameEdge.Cli.Verbs;

/// <summary>The arguments that every verb over a model file shares.</summary>
internal sealed class ModelArguments
{
    private readonly Argument<string> file = new("FILE") { Description = "a forward ONNX model" };
    private readonly Option<string> format = new("--format") { Description = "how the result is written" };

    public ModelArguments(Command verb)
    {
        format.DefaultValueFactory = _ => "table";
        format.AcceptOnlyFromAmong("table", "json");
        verb.Add(file);
        verb.Add(format);
    }

    public string Path(ParseResult parsed) => parsed.GetValue(file)!;

    public bool IsJson(ParseResult parsed) => parsed.GetValue(format) == "json";
}
