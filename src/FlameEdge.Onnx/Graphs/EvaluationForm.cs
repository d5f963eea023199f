using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>The model as it is scored and served: Dropout keeps everything, BatchNormalization uses its stored statistics.</summary>
internal static class EvaluationForm
{
    /// <summary>The evaluation form of <paramref name="forward"/>, which stays as it is; the very same where nothing is in training mode.</summary>
    public static ForwardGraph Of(ForwardGraph forward)
    {
        if (!forward.Graph.Node.Any(node => TrainingModes.IsOn(node, forward)))
        {
            return forward;
        }

        var model = forward.Model.Clone();
        foreach (var node in model.Graph.Node.Where(node => TrainingModes.IsOn(node, forward)).ToList())
        {
            if (node.OpType == "Dropout")
            {
                node.Input[2] = "";
            }
            else
            {
                FixStatistics(node, model.Graph);
            }
        }

        return new ForwardGraph(model, forward.Name);
    }

    // The next statistics are what they were; outputs of the model that show them are of no use to anybody who serves it.
    private static void FixStatistics(NodeProto node, GraphProto graph)
    {
        node.Attribute.Remove(node.Find("training_mode"));
        for (var index = node.Output.Count - 1; index > 0; index--)
        {
            var next = node.Output[index];
            node.Output.RemoveAt(index);
            if (graph.Output.FirstOrDefault(output => output.Name == next) is { } output)
            {
                graph.Output.Remove(output);
            }

            if (next.Length > 0 && graph.Node.Any(reader => reader.Input.Contains(next)))
            {
                graph.Node.Insert(0, new NodeProto { OpType = "Identity", Name = next, Input = { node.Input[index + 2] }, Output = { next } });
            }
        }
    }
}
