using System.CommandLine;
using FlameEdge.Agent.Output;
using FlameEdge.Agent.Reading;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Verbs;

/// <summary>The arguments that every verb over a job shares: where it is, and what stands above the file.</summary>
internal sealed class JobArguments
{
    private readonly Argument<string> path = new("PATH") { Description = "a job file (YAML or JSON), a folder that holds job.yaml, or a folder of Flame's" };
    private readonly Option<string[]> sets = new("--set") { Description = "name=value: a parameter of the job, or a dotted path such as rounds.count", HelpName = "name=value" };
    private readonly Option<string> format = new("--format") { Description = "how the result is written" };

    private readonly Command verb;
    private readonly JobSource source;

    public JobArguments(Command verb, JobSource source, params string[] formats)
    {
        this.verb = verb;
        this.source = source;
        verb.Add(path);
        verb.Add(sets);
        if (formats.Length > 0)
        {
            format.DefaultValueFactory = _ => formats[0];
            format.AcceptOnlyFromAmong(formats);
            verb.Add(format);
        }
    }

    /// <summary>Makes the verb one that reads a job and shows it as a table or as JSON.</summary>
    public void Show(IReadOnlySet<string>? programs, Action<TextWriter, JobPlan> table, Action<TextWriter, JobPlan> json) => verb.SetAction(parsed =>
    {
        if (Read(parsed, programs) is not { } plan)
        {
            return ExitCode.BadJob;
        }

        (Format(parsed) == "json" ? json : table)(parsed.InvocationConfiguration.Output, plan);
        return ExitCode.Ok;
    });

    public string Path(ParseResult parsed) => parsed.GetValue(path)!;

    public string Format(ParseResult parsed) => parsed.GetValue(format)!;

    /// <summary>Reads the job and reports on standard error; null where it was refused.</summary>
    public JobPlan? Read(ParseResult parsed, IReadOnlySet<string>? programs, IReadOnlySet<RoleName>? rolesHere = null) => ReadWhole(parsed, programs, rolesHere).Plan;

    /// <summary>The same with all that the reading brought.</summary>
    public JobReading ReadWhole(ParseResult parsed, IReadOnlySet<string>? programs, IReadOnlySet<RoleName>? rolesHere = null)
    {
        var reading = source.Read(parsed.GetValue(path) ?? "", parsed.GetValue(sets) ?? [], programs, rolesHere);
        Reports.Write(parsed.InvocationConfiguration.Error, reading.Found);
        return reading;
    }
}
