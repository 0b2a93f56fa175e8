//! The audit held against workbooks made for it: right ones in many layouts, each slip, random mutations, bad files.

mod bad_input;
mod below;
mod chance;
mod columns;
mod copied_neuron;
mod copies;
mod factors;
mod layouts;
mod made;
mod misshapen;
mod more_than_gradient;
mod mutations;
mod one_pass;
mod other_loss;
mod own_networks;
mod own_slips;
mod real_workbooks;
mod shapes;
mod sheets;
mod sliding;
mod slips;
mod softmax;
mod speed;
mod unjudged;
mod unwrapped;
mod values_only;
