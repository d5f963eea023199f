using System.Buffers;
using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Reading;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Onnx;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>model export</c>: a plain forward ONNX file of what a job learned, or of a file that was made for training.</summary>
internal static class ModelExportVerb
{
    public static Command Create()
    {
        var verb = new Command("export", "Write a plain forward ONNX model: PATH is a job, with the values it learned, or an ONNX file made for training.");
        var arguments = new JobArguments(verb, JobFile.Source);
        var parameters = new Option<string?>("--parameters") { Description = "the values: model.parameters of a run of this job; its start where nothing is said", HelpName = "FILE" };
        var output = new Option<string>("--output") { Description = "the file to write", HelpName = "FILE", Required = true };
        verb.Add(parameters);
        verb.Add(output);
        verb.SetAction(parsed =>
        {
            var target = parsed.GetValue(output)!; // required
            if (arguments.Path(parsed).EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
            {
                Write(target, PlainModel.Of(arguments.Path(parsed)));
            }
            else if (arguments.Read(parsed, programs: null) is { } plan)
            {
                Write(target, Exported(plan, parsed.GetValue(parameters)));
            }
            else
            {
                return ExitCode.BadJob;
            }

            parsed.InvocationConfiguration.Output.WriteLine($"wrote {Path.GetFullPath(target)}");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static byte[] Exported(JobPlan plan, string? parameters)
    {
        var spec = plan.Job.Model ?? throw new TopologyException($"job '{plan.Job.Name}' names no model: add a section 'model'");
        var evaluation = plan.Job.Evaluation is { } id && (spec.Input is null || spec.Classes is null) ? new DatasetLoader().Load(plan.Job.Datasets[id]) : null;
        var shape = spec.Input ?? evaluation?.SampleShape;
        var classes = spec.Classes ?? evaluation?.ClassCount;
        if (shape is null || classes is null)
        {
            throw new TopologyException($"job '{plan.Job.Name}' does not say the model's shape: name an 'evaluation' dataset, or give model.input and model.classes");
        }

        try
        {
            return ForwardModel.Of(plan.Job, spec, shape, classes.Value, parameters is null ? null : File.ReadAllBytes(parameters));
        }
        catch (Exception error) when (parameters is not null && error is IOException or UnauthorizedAccessException or PayloadException)
        {
            throw new ModelMismatchException($"--parameters {parameters}: {error.Message.TrimEnd('.')}. Give model.parameters of a run of this job.", error);
        }
    }

    private static void Write(string path, byte[] model)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        DurableFile.Write(path, new ReadOnlySequence<byte>(model));
    }
}
