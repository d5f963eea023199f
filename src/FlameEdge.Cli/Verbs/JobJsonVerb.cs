using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Reading;
using FlameEdge.Diagnostics;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>job json</c>: the job as the JSON that a device reads, overrides and parameters put in. Its paths stay as they are written: relative to wherever the text is put.</summary>
internal static class JobJsonVerb
{
    public static Command Create()
    {
        var verb = new Command("json", "Write a job as the JSON a device reads; paths stay relative to where you put it.");
        var arguments = new JobArguments(verb, JobFile.Source);
        verb.SetAction(parsed =>
        {
            var reading = arguments.ReadWhole(parsed, programs: null);
            if (reading.Plan is null)
            {
                return ExitCode.BadJob;
            }

            var root = reading.Text ?? throw new TopologyException("this is a folder of Flame's, which is JSON already and which a device reads as it is: give it the folder");
            using var text = new JsonText(parsed.InvocationConfiguration.Output);
            SpecJson.Write(text, root);
            return ExitCode.Ok;
        });
        return verb;
    }
}
